/* One network interface of the switch: its packet sockets, what waits to leave, and its counters. */
#ifndef IO_PORT_H
#define IO_PORT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "io_frame.h"
#include "io_xdp.h"
#include "p4e.h"

#define IO_BATCH 64
#define IO_ROOM (P4E_HEADROOM + 16)        /* in front of a frame: the engine's headroom and a VLAN tag's */
#define IO_TAIL 64                      /* readable bytes behind a frame */
#define IO_BUFFER (IO_ROOM + 65536 + 2112) /* room for a super-packet; not a multiple of 4096 on purpose */

/* Counters of one port; every packet that the kernel handed over or was asked to take is in exactly one. */
typedef struct io_counters {
    uint64_t rx_packets, rx_bytes;  /* handed to the pipeline (after segmentation) */
    uint64_t tx_packets, tx_bytes;  /* accepted by the kernel */
    uint64_t tx_xdp_packets;        /* of these, through an AF_XDP socket */
    uint64_t rx_super_packets;      /* super-packets that were cut up or carried through */
    uint64_t rx_dropped_overflow;   /* the kernel found the ring or socket buffer full */
    uint64_t rx_dropped_offload;    /* offload state that cannot be completed, or a cut-off frame */
    uint64_t rx_dropped_no_program; /* no pipeline is loaded */
    uint64_t tx_dropped_size;       /* longer than the interface allows */
    uint64_t tx_dropped_full;       /* the device's queue or the socket buffer is full */
    uint64_t tx_dropped_down;       /* the interface is down or gone */
    uint64_t tx_dropped_error;      /* refused for any other reason, such as a runt */
} io_counters_t;

typedef struct io_ring {
    uint8_t *memory;
    uint64_t size;
    uint32_t frame_size, frame_count, frames_per_block, block_size;
    uint32_t next; /* frame that the kernel fills next */
    uint32_t held; /* frames handed out and not yet returned */
} io_ring_t;

typedef struct io_port {
    uint32_t number;
    char device[16];
    int rx, tx; /* sockets, -1 while the interface does not exist */
    int index;  /* of the interface */
    bool up, tapped;
    int mtu;
    bool want_xdp, need_xdp; /* without need, AF_PACKET sends where AF_XDP is not to be had, or has side effects */
    bool want_ring, need_ring; /* without need, recvmmsg serves where memory for a ring is short */
    io_ring_t ring; /* memory is NULL when packets are read with recvmmsg */
    io_xdp_t xdp; /* sends what has no offload; closed where it is not used */
    uint64_t xdp_bytes; /* queued there */
    uint32_t pending;
    bool dirty; /* on the list of ports with pending packets */
    struct mmsghdr messages[IO_BATCH];
    struct iovec parts[IO_BATCH][2];
    io_offload_t offloads[IO_BATCH];
    io_counters_t counters;
} io_port_t;

/* Buffers that frames are received into, shared by all ports of a packet thread. */
typedef struct io_buffers {
    uint8_t *memory; /* IO_BATCH buffers of IO_BUFFER bytes */
    struct mmsghdr messages[IO_BATCH];
    struct iovec parts[IO_BATCH];
    uint8_t control[IO_BATCH][64];
} io_buffers_t;

static inline void io_count(uint64_t *counter, uint64_t amount)
{
    __atomic_store_n(counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + amount, __ATOMIC_RELAXED);
}

/* Opens (or opens again) the interface. 0 or -errno. */
int io_port_open(io_port_t *port);
void io_port_close(io_port_t *port);

/* Looks at the interface anew after a change: up or down, gone, or back under another index. */
void io_port_refresh(io_port_t *port);

/* Leaves AF_XDP while somebody captures what leaves by the interface, and comes back to it. */
void io_port_watch_taps(io_port_t *port);

/* Adds the kernel's overflow count to the port's counters. */
void io_port_poll_overflow(io_port_t *port);

bool io_buffers_init(io_buffers_t *buffers);

/* Takes up to `max` frames without waiting; they stay valid until io_port_release. */
uint32_t io_port_receive(io_port_t *port, io_buffers_t *buffers, io_frame_t *frames, uint32_t max);
void io_port_release(io_port_t *port);

/* Queues a packet; the bytes must stay until the flush. `offload` may be NULL. */
void io_port_send(io_port_t *port, const uint8_t *data, uint32_t len, const io_offload_t *offload);
void io_port_flush(io_port_t *port);

/* The ring variant of receiving (TPACKET_V2: no block timeout, so as quick as recvmmsg when idle). Packets that are
 * longer than a ring frame, jumbo frames and super-packets, come by recvmmsg in their place in the order. */
int io_ring_open(io_ring_t *ring, int socket);
void io_ring_close(io_ring_t *ring);
uint32_t io_ring_receive(io_port_t *port, io_buffers_t *buffers, io_frame_t *frames, uint32_t max);
void io_ring_release(io_ring_t *ring);

/* Receives up to `max` frames by recvmmsg into the buffers from `slot` on. */
uint32_t io_mmsg_receive(io_port_t *port, io_buffers_t *buffers, uint32_t slot, io_frame_t *frames, uint32_t max);

#endif
