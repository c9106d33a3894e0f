/* Running packets from and to memory: for tests, the in-process lab and benchmarks. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control.h"

#define PROCESS_BATCH 64u
#define PROCESS_SLACK 64u

/* Packets in buffers of their own, with headroom. */
typedef struct process_batch {
    p4e_packet_t *packets;
    uint8_t *memory;
} process_batch_t;

static int process_load(process_batch_t *batch, const uint8_t *in, uint64_t len, uint32_t count) {
    uint64_t per_packet = P4E_HEADROOM + PROCESS_SLACK;
    batch->packets = malloc((count ? count : 1) * sizeof *batch->packets);
    batch->memory = malloc(len + count * per_packet + 1);
    if (!batch->packets || !batch->memory)
        return P4E_NO_MEMORY;
    uint8_t *at = batch->memory;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t head[2];
        if (len < sizeof head)
            return P4E_BAD_VALUE;
        memcpy(head, in, sizeof head);
        in += sizeof head;
        len -= sizeof head;
        if (len < head[1])
            return P4E_BAD_VALUE;
        at += P4E_HEADROOM;
        memcpy(at, in, head[1]);
        batch->packets[i] = (p4e_packet_t){at, head[1], head[0]};
        at += head[1] + PROCESS_SLACK;
        in += head[1];
        len -= head[1];
    }
    return P4E_OK;
}

/* Buffers for one batch of the packets, used again and again, as a port does. */
static int process_ring(process_batch_t *ring, const process_batch_t *packets, uint32_t count) {
    uint64_t longest = 0;
    for (uint32_t i = 0; i < count; i++)
        if (packets->packets[i].len > longest)
            longest = packets->packets[i].len;
    uint64_t room = P4E_HEADROOM + longest + PROCESS_SLACK;
    ring->packets = calloc(PROCESS_BATCH, sizeof *ring->packets);
    ring->memory = malloc(PROCESS_BATCH * room);
    if (!ring->packets || !ring->memory)
        return P4E_NO_MEMORY;
    for (uint32_t i = 0; i < PROCESS_BATCH; i++)
        ring->packets[i].data = ring->memory + i * room + P4E_HEADROOM;
    return P4E_OK;
}

static void process_unload(process_batch_t *batch) {
    free(batch->packets);
    free(batch->memory);
}

typedef struct process_sink {
    p4e_sink_t sink;
    p4e_t *engine;
    uint32_t first; /* index of the batch's first packet */
    bool failed;
} process_sink_t;

static void process_emit(p4e_sink_t *sink, uint32_t port, const uint8_t *data, uint32_t len) {
    process_sink_t *self = (process_sink_t *)sink;
    p4e_t *engine = self->engine;
    const uint32_t head[3] = {self->first + sink->input, port, len};
    uint64_t needed = engine->output_used + sizeof head + len;
    if (needed > engine->output_room) {
        uint8_t *grown = realloc(engine->output, 2 * needed);
        if (!grown) {
            self->failed = true;
            return;
        }
        engine->output = grown;
        engine->output_room = 2 * needed;
    }
    memcpy(engine->output + engine->output_used, head, sizeof head);
    memcpy(engine->output + engine->output_used + sizeof head, data, len);
    engine->output_used = needed;
}

int p4e_process(p4e_t *engine, const uint8_t *in, uint64_t len, uint32_t count, const uint8_t **out,
                uint64_t *out_len) {
    process_batch_t batch = {0};
    process_sink_t sink = {.sink.emit = process_emit, .engine = engine};
    int status = process_load(&batch, in, len, count);
    engine->output_used = 0;
    for (uint32_t i = 0; status == P4E_OK && i < count; i += PROCESS_BATCH) {
        sink.first = i;
        p4e_run(engine, batch.packets + i, count - i < PROCESS_BATCH ? count - i : PROCESS_BATCH, &sink.sink);
    }
    process_unload(&batch);
    *out = engine->output;
    *out_len = engine->output_used;
    return sink.failed ? P4E_NO_MEMORY : status;
}

static void process_discard(p4e_sink_t *sink, uint32_t port, const uint8_t *data, uint32_t len) {
    (void)sink, (void)port, (void)data, (void)len;
}

static uint64_t process_nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now); /* what this thread ran, whatever else the machine does */
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t p4e_replay(p4e_t *engine, const uint8_t *in, uint64_t len, uint32_t count, uint32_t rounds, uint64_t tick_us) {
    process_batch_t ring = {0}, master = {0};
    p4e_sink_t sink = {.emit = process_discard};
    bool loaded = process_load(&master, in, len, count) == P4E_OK && process_ring(&ring, &master, count) == P4E_OK;
    uint64_t start = process_nanoseconds();
    for (uint32_t round = 0; loaded && round < rounds; round++) {
        p4e_set_time(engine, p4e_time(engine) + tick_us);
        for (uint32_t i = 0; i < count; i += PROCESS_BATCH) {
            uint32_t size = count - i < PROCESS_BATCH ? count - i : PROCESS_BATCH;
            for (uint32_t k = 0; k < size; k++) {
                const p4e_packet_t *packet = &master.packets[i + k];
                memcpy(ring.packets[k].data, packet->data, packet->len);
                ring.packets[k].len = packet->len;
                ring.packets[k].port = packet->port;
            }
            p4e_run(engine, ring.packets, size, &sink);
        }
    }
    uint64_t taken = process_nanoseconds() - start;
    process_unload(&ring);
    process_unload(&master);
    return taken;
}
