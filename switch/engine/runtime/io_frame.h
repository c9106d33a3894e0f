/* A received frame and what the kernel left undone on it: checksums, segmentation, a stripped VLAN tag. */
#ifndef IO_FRAME_H
#define IO_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(default)

/* The offload part, in the order of the kernel's struct virtio_net_hdr (10 bytes, host byte order). */
typedef struct io_offload {
    uint8_t flags;        /* IO_NEEDS_CHECKSUM or 0 */
    uint8_t gso_type;     /* IO_GSO_*, possibly with IO_GSO_ECN */
    uint16_t header_len;  /* a hint of the kernel's, not used */
    uint16_t gso_size;    /* payload bytes of each segment */
    uint16_t csum_start;  /* frame offset of the transport header */
    uint16_t csum_offset; /* offset of the checksum field within it */
} io_offload_t;

enum {
    IO_NEEDS_CHECKSUM = 1,
    IO_GSO_NONE = 0,
    IO_GSO_TCP4 = 1,
    IO_GSO_TCP6 = 4,
    IO_GSO_UDP = 5,
    IO_GSO_ECN = 0x80,
};

typedef struct io_frame {
    uint8_t *data;
    uint32_t len;
    io_offload_t offload;
} io_frame_t;

/* Ones' complement sum of `len` bytes, in network byte order as they lie; fold with io_fold. */
uint64_t io_sum(const uint8_t *data, uint32_t len, uint64_t sum);
uint16_t io_fold(uint64_t sum);

/* CRC-32C as SCTP carries it. */
uint32_t io_crc32c(const uint8_t *data, uint32_t len);

/* Computes the checksum that the sender left to its device. False when the offsets do not fit the frame. */
bool io_complete_checksum(io_frame_t *frame);

/* Puts a stripped VLAN tag back; four writable bytes must lie in front of the frame. False for a runt. */
bool io_insert_vlan(io_frame_t *frame, uint16_t tpid, uint16_t tci);

#pragma GCC visibility pop

#endif
