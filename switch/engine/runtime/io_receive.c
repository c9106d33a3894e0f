#include "io_port.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(io_offload_t) == 10, "laid out as struct virtio_net_hdr");

bool io_buffers_init(io_buffers_t *buffers)
{
    memset(buffers, 0, sizeof *buffers);
    buffers->memory = malloc((size_t)IO_BATCH * IO_BUFFER);
    for (int i = 0; buffers->memory && i < IO_BATCH; i++) {
        /* The offload header lands right in front of the frame. */
        buffers->parts[i].iov_base = buffers->memory + (size_t)i * IO_BUFFER + IO_ROOM - sizeof(io_offload_t);
        buffers->parts[i].iov_len = IO_BUFFER - IO_ROOM + sizeof(io_offload_t);
        buffers->messages[i].msg_hdr.msg_iov = &buffers->parts[i];
        buffers->messages[i].msg_hdr.msg_iovlen = 1;
        buffers->messages[i].msg_hdr.msg_control = buffers->control[i];
        buffers->messages[i].msg_hdr.msg_controllen = sizeof buffers->control[i];
    }
    return buffers->memory != NULL;
}

/* Reinserts the VLAN tag that the kernel moved to the auxiliary data. */
static bool restore_vlan(struct msghdr *message, io_frame_t *frame)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
            continue;
        struct tpacket_auxdata aux;
        memcpy(&aux, CMSG_DATA(c), sizeof aux);
        if (aux.tp_status & TP_STATUS_VLAN_VALID) {
            bool known = aux.tp_status & TP_STATUS_VLAN_TPID_VALID;
            return io_insert_vlan(frame, known ? aux.tp_vlan_tpid : ETH_P_8021Q, aux.tp_vlan_tci);
        }
    }
    return true;
}

uint32_t io_mmsg_receive(io_port_t *port, io_buffers_t *buffers, uint32_t slot, io_frame_t *frames, uint32_t max)
{
    struct mmsghdr *messages = buffers->messages + slot;
    int received = recvmmsg(port->rx, messages, max, MSG_DONTWAIT, NULL);
    uint32_t count = 0;
    if (received < 0 && errno == EINVAL) /* offload state that the kernel cannot describe; the frame is gone */
        io_count(&port->counters.rx_dropped_offload, 1);
    for (int i = 0; i < received; i++) {
        struct msghdr *message = &messages[i].msg_hdr;
        io_frame_t *frame = &frames[count];
        frame->data = buffers->memory + (size_t)(slot + (uint32_t)i) * IO_BUFFER + IO_ROOM;
        frame->len = messages[i].msg_len - (uint32_t)sizeof(io_offload_t);
        memcpy(&frame->offload, frame->data - sizeof(io_offload_t), sizeof(io_offload_t));
        bool whole = messages[i].msg_len >= sizeof(io_offload_t) && !(message->msg_flags & MSG_TRUNC);
        if (whole && restore_vlan(message, frame))
            count++;
        else
            io_count(&port->counters.rx_dropped_offload, 1);
        message->msg_controllen = sizeof buffers->control[0];
        message->msg_flags = 0;
    }
    return count;
}

uint32_t io_port_receive(io_port_t *port, io_buffers_t *buffers, io_frame_t *frames, uint32_t max)
{
    if (port->rx < 0)
        return 0;
    if (port->ring.memory)
        return io_ring_receive(port, buffers, frames, max);
    return io_mmsg_receive(port, buffers, 0, frames, max);
}

void io_port_release(io_port_t *port)
{
    if (port->ring.memory)
        io_ring_release(&port->ring);
}
