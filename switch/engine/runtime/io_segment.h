/* Cuts TCP and UDP super-packets into the frames that a device with segmentation offload would have sent. */
#ifndef IO_SEGMENT_H
#define IO_SEGMENT_H

#include "io_frame.h"

#pragma GCC visibility push(default)

#define IO_MAX_HEADERS 6 /* IP and UDP/GRE headers that a tunnel may stack */

typedef enum io_header_kind { IO_IPV4, IO_IPV6, IO_OUTER_UDP, IO_GRE } io_header_kind_t;

/* Where the headers lie that change from segment to segment. */
typedef struct io_segmenter {
    const uint8_t *data;
    uint32_t len;
    uint32_t transport;  /* offset of the TCP or UDP header that is repeated */
    uint32_t header_len; /* bytes repeated in front of every segment's payload */
    uint32_t gso_size;
    uint32_t next;  /* payload offset of the next segment */
    uint32_t index; /* number of the next segment */
    bool tcp;
    uint8_t header_count;
    struct {
        uint32_t offset;
        io_header_kind_t kind;
    } headers[IO_MAX_HEADERS];
} io_segmenter_t;

/* Prepares to cut a frame. False when the frame is nothing this can cut (the caller drops and counts it). */
bool io_segment_start(io_segmenter_t *segmenter, io_frame_t *frame);

/* Bytes of the largest segment. */
uint32_t io_segment_size(const io_segmenter_t *segmenter);

/* Writes the next segment, complete with lengths and checksums, to `out`; returns its length, 0 at the end. */
uint32_t io_segment_next(io_segmenter_t *segmenter, uint8_t *out);

#pragma GCC visibility pop

#endif
