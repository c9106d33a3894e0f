#include "io_port.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/mman.h>

#define RING_BYTES (4u << 20)
#define BLOCK_BYTES (64u << 10)
#define AHEAD 4u /* frames */
#define FRAME_BYTES 2048u /* holds packets of about 1,680 bytes beside headroom and the kernel's header */

static int set_option(int fd, int option, int value)
{
    return setsockopt(fd, SOL_PACKET, option, &value, sizeof value) < 0 ? -errno : 0;
}

int io_ring_open(io_ring_t *ring, int fd)
{
    memset(ring, 0, sizeof *ring);
    ring->frame_size = FRAME_BYTES;
    ring->block_size = BLOCK_BYTES;
    ring->frames_per_block = ring->block_size / ring->frame_size;
    struct tpacket_req request = {
        .tp_block_size = ring->block_size,
        .tp_block_nr = RING_BYTES / BLOCK_BYTES,
        .tp_frame_size = ring->frame_size,
        .tp_frame_nr = ring->frames_per_block * (RING_BYTES / BLOCK_BYTES),
    };
    ring->frame_count = request.tp_frame_nr;
    int error = set_option(fd, PACKET_VERSION, TPACKET_V2);
    if (error == 0)
        error = set_option(fd, PACKET_RESERVE, IO_ROOM);
    if (error == 0) /* what does not fit a frame waits, whole, in the socket's queue */
        error = set_option(fd, PACKET_COPY_THRESH, 1);
    if (error == 0 && setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof request) < 0)
        error = -errno;
    if (error)
        return error;
    ring->size = (uint64_t)request.tp_block_size * request.tp_block_nr;
    void *memory = mmap(NULL, ring->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED)
        return -errno;
    ring->memory = memory;
    return 0;
}

void io_ring_close(io_ring_t *ring)
{
    if (ring->memory)
        munmap(ring->memory, ring->size);
    ring->memory = NULL;
    ring->held = 0;
    ring->next = 0;
}

static struct tpacket2_hdr *frame_at(const io_ring_t *ring, uint32_t index)
{
    uint64_t block = (uint64_t)(index / ring->frames_per_block) * ring->block_size;
    return (void *)(ring->memory + block + (uint64_t)(index % ring->frames_per_block) * ring->frame_size);
}

/* Another core has written the frames: fetches the header of one that will be looked at soon. */
static void fetch(const io_ring_t *ring, uint32_t index)
{
    __builtin_prefetch(frame_at(ring, index % ring->frame_count));
}

static uint32_t status_at(const io_ring_t *ring, uint32_t index)
{
    return __atomic_load_n(&frame_at(ring, index % ring->frame_count)->tp_status, __ATOMIC_ACQUIRE);
}

/* A frame that lies whole in the ring; it is processed there, unless less than IO_TAIL bytes follow it. */
static bool take(io_port_t *port, io_buffers_t *buffers, struct tpacket2_hdr *header, io_frame_t *frame)
{
    if (header->tp_snaplen != header->tp_len) { /* too long for the ring while the socket's queue was full */
        io_count(&port->counters.rx_dropped_overflow, 1);
        return false;
    }
    frame->data = (uint8_t *)header + header->tp_mac;
    frame->len = header->tp_snaplen;
    __builtin_prefetch(frame->data); /* the program reads it when the batch is complete */
    memcpy(&frame->offload, frame->data - sizeof(io_offload_t), sizeof(io_offload_t));
    if (header->tp_mac + frame->len + IO_TAIL > port->ring.frame_size) {
        uint8_t *buffer = buffers->memory + (size_t)port->ring.held * IO_BUFFER + IO_ROOM;
        frame->data = memcpy(buffer, frame->data, frame->len);
    }
    bool known = header->tp_status & TP_STATUS_VLAN_TPID_VALID;
    if (header->tp_status & TP_STATUS_VLAN_VALID)
        return io_insert_vlan(frame, known ? header->tp_vlan_tpid : ETH_P_8021Q, header->tp_vlan_tci);
    return true;
}

uint32_t io_ring_receive(io_port_t *port, io_buffers_t *buffers, io_frame_t *frames, uint32_t max)
{
    io_ring_t *ring = &port->ring;
    uint32_t count = 0;
    while (ring->held < max) {
        uint32_t status = status_at(ring, ring->next);
        uint32_t run = 1;
        if (!(status & TP_STATUS_USER))
            break;
        fetch(ring, ring->next + AHEAD);
        if (status & TP_STATUS_COPY) { /* long packets wait in the socket's queue: fetch as many as follow each other */
            while (ring->held + run < max && status_at(ring, ring->next + run) & TP_STATUS_COPY)
                run++;
            count += io_mmsg_receive(port, buffers, ring->held, frames + count, run);
        } else if (take(port, buffers, frame_at(ring, ring->next), &frames[count])) {
            count++;
        }
        ring->held += run;
        ring->next = (ring->next + run) % ring->frame_count;
    }
    return count;
}

void io_ring_release(io_ring_t *ring)
{
    uint32_t index = ring->next + ring->frame_count - ring->held;
    for (; ring->held; ring->held--, index++)
        __atomic_store_n(&frame_at(ring, index % ring->frame_count)->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
}
