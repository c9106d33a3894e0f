/* Sending through an AF_XDP socket: packets are copied into memory that the kernel knows, and one call sends many.
 *
 * Such a socket only sends; it needs no XDP program, and changes nothing for who else uses the interface. What it sends
 * passes the interface's queueing discipline by, and packet taps (tcpdump) on this end of the link do not see it; so
 * it is used where there is no discipline and no tap (io_port.c). Packets that leave work to a device (checksum,
 * segmentation), and those longer than a chunk, which cost more here, go the other way.
 */
#ifndef IO_XDP_H
#define IO_XDP_H

#include <stdbool.h>
#include <stdint.h>

#define IO_XDP_CHUNK 2048u
#define IO_XDP_CHUNKS 512u

typedef struct io_xdp_ring {
    void *map;
    uint64_t size;
    uint32_t *producer, *consumer;
    void *entries;
} io_xdp_ring_t;

typedef struct io_xdp {
    int fd; /* -1: closed */
    uint8_t *memory;
    io_xdp_ring_t tx, done;
    uint32_t produced;  /* descriptors written to tx; published by the flush */
    uint32_t completed; /* read from done */
    uint32_t queued;    /* packets since the last flush */
    uint32_t free_count;
    uint32_t free[IO_XDP_CHUNKS];
} io_xdp_t;

/* Opens a socket on the interface's first queue. 0 or -errno. */
int io_xdp_open(io_xdp_t *xdp, int index);
void io_xdp_close(io_xdp_t *xdp);

/* Queues a copy; false when the packet must go another way. */
bool io_xdp_send(io_xdp_t *xdp, const uint8_t *data, uint32_t len);

/* Sends what is queued. Returns how many packets left; the rest was dropped, and `*error` says why. Closes the socket
 * when the kernel takes no more: then the other way is open until the interface changes. */
uint32_t io_xdp_flush(io_xdp_t *xdp, int *error);

#endif
