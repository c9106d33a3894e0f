#include "io_port.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <string.h>

static uint64_t *drop_counter(io_counters_t *counters, int error)
{
    switch (error) {
    case EMSGSIZE:
        return &counters->tx_dropped_size;
    case EAGAIN:
    case EBUSY:
    case ENOBUFS:
    case ENOMEM:
        return &counters->tx_dropped_full;
    case ENETDOWN:
    case ENXIO:
    case ENODEV:
    case EBADF:
        return &counters->tx_dropped_down;
    default:
        return &counters->tx_dropped_error;
    }
}

static void flush_xdp(io_port_t *port)
{
    int error;
    uint32_t queued = port->xdp.queued, sent = io_xdp_flush(&port->xdp, &error);
    io_count(&port->counters.tx_packets, sent);
    io_count(&port->counters.tx_xdp_packets, sent);
    io_count(&port->counters.tx_bytes, queued ? port->xdp_bytes * sent / queued : 0);
    if (sent < queued)
        io_count(drop_counter(&port->counters, error), queued - sent);
    port->xdp_bytes = 0;
}

/* Whether AF_XDP takes the packet; what is too short or too long for the interface is refused elsewhere. */
static bool send_xdp(io_port_t *port, const uint8_t *data, uint32_t len, const io_offload_t *offload)
{
    if (port->xdp.fd < 0 || offload || len < ETH_HLEN || len > (uint32_t)port->mtu + ETH_HLEN)
        return false;
    if (port->pending) /* in order */
        io_port_flush(port);
    if (!io_xdp_send(&port->xdp, data, len))
        return false;
    port->xdp_bytes += len;
    return true;
}

void io_port_send(io_port_t *port, const uint8_t *data, uint32_t len, const io_offload_t *offload)
{
    if (send_xdp(port, data, len, offload))
        return;
    if (port->xdp.queued)
        flush_xdp(port);
    uint32_t slot = port->pending++;
    if (offload)
        port->offloads[slot] = *offload;
    else
        memset(&port->offloads[slot], 0, sizeof port->offloads[slot]);
    port->parts[slot][0] = (struct iovec){&port->offloads[slot], sizeof port->offloads[slot]};
    port->parts[slot][1] = (struct iovec){(void *)(uintptr_t)data, len};
    port->messages[slot].msg_hdr = (struct msghdr){.msg_iov = port->parts[slot], .msg_iovlen = 2};
    if (port->pending == IO_BATCH)
        io_port_flush(port);
}

void io_port_flush(io_port_t *port)
{
    uint32_t done = 0;
    if (port->xdp.queued)
        flush_xdp(port);
    while (done < port->pending) {
        int sent = sendmmsg(port->tx, port->messages + done, port->pending - done, MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0) { /* the first of them is the one that was refused */
            io_count(drop_counter(&port->counters, errno), 1);
            done++;
            continue;
        }
        uint64_t bytes = 0;
        for (int i = 0; i < sent; i++, done++)
            bytes += port->parts[done][1].iov_len;
        io_count(&port->counters.tx_packets, (uint64_t)sent);
        io_count(&port->counters.tx_bytes, bytes);
    }
    port->pending = 0;
}
