/* Gathers frames into batches for the program and sends what comes out where it belongs. */
#ifndef IO_BATCH_H
#define IO_BATCH_H

#include "io.h"
#include "io_queue.h"

typedef struct io_batch {
    p4e_sink_t sink; /* first, so that emit finds the batch */
    io_run_t run;
    p4e_t *engine;
    uint32_t flags;
    const io_config_t *config;
    io_port_t **ports; /* by number, IO_MAX_PORT of them */
    io_port_t *dirty[IO_MAX_PORT];
    uint32_t dirty_count;
    uint32_t count;
    uint32_t copies; /* buffers of the pool in use */
    p4e_packet_t packets[IO_BATCH];
    io_offload_t offloads[IO_BATCH];
    uint8_t *pool; /* IO_BATCH buffers of IO_BUFFER bytes for segments, ticks and injected packets */
    uint8_t *segment; /* a buffer for segments on their way to the CPU port */
    io_queue_t to_python;
    io_queue_t tap;
    int wake; /* eventfd that tells Python */
    bool told;
    io_totals_t totals;
} io_batch_t;

/* The next free buffer of the pool; runs the batch first when there is none. */
uint8_t *io_batch_buffer(io_batch_t *batch);

/* Adds a packet that lies in a buffer with headroom and runs the batch when it is full. */
void io_batch_add(io_batch_t *batch, uint32_t port, uint8_t *data, uint32_t len, const io_offload_t *offload);

/* Adds a received frame: completes its checksum and cuts it up as the program needs. */
void io_batch_frame(io_batch_t *batch, io_port_t *port, io_frame_t *frame);

/* Runs what was added, sends everything that came out. */
void io_batch_run(io_batch_t *batch);

void io_batch_emit(p4e_sink_t *sink, uint32_t number, const uint8_t *data, uint32_t len);

int io_batch_up(const p4e_sink_t *sink, uint32_t number);

#endif
