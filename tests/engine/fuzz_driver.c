/* Runs mutated packets through a program, fast: what tests.engine.fuzz_worker loads beside the program.
 *
 * Each packet lies at the start of a slot of its own; what follows the packet and its readable tail is poisoned, so
 * that AddressSanitizer sees every byte that is touched too far. All bytes that leave are read.
 */
#include <stdlib.h>
#include <string.h>

#include "p4e.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

#define API __attribute__((visibility("default")))
#define BATCH 64u
#define TAIL 64u
#define MOST 10240u /* bytes of a packet */
#define SLOT (P4E_HEADROOM + MOST + 2 * TAIL)

typedef struct fuzz_seed {
    uint32_t port, len, offset; /* of its bytes */
} fuzz_seed_t;

typedef struct fuzz_sink {
    p4e_sink_t sink;
    uint64_t packets, sum;
} fuzz_sink_t;

static uint64_t fuzz_random(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static uint32_t fuzz_below(uint64_t *state, uint32_t limit) {
    return limit ? (uint32_t)(fuzz_random(state) % limit) : 0;
}

static void fuzz_emit(p4e_sink_t *sink, uint32_t port, const uint8_t *data, uint32_t len) {
    fuzz_sink_t *self = (fuzz_sink_t *)sink;
    self->packets++;
    self->sum += port;
    for (uint32_t i = 0; i < len; i++)
        self->sum += data[i];
}

static void fuzz_bytes(uint8_t *to, uint32_t len, uint64_t *state) {
    for (uint32_t i = 0; i < len; i++)
        to[i] = (uint8_t)fuzz_random(state);
}

/* Changes bytes; then may cut the packet, grow it within, cross it with another one, or lengthen it. */
static uint32_t fuzz_mutate(uint8_t *data, uint32_t len, const uint8_t *other, uint32_t other_len, uint64_t *state) {
    static const uint8_t likely[] = {0, 1, 0x7f, 0x80, 0xff, 0x45, 0x08, 0x06};
    for (uint32_t left = fuzz_below(state, 5); left && len; left--) {
        uint64_t r = fuzz_random(state);
        data[fuzz_below(state, len)] = r & 1 ? likely[r >> 1 & 7] : (uint8_t)(r >> 8);
    }
    uint32_t kind = fuzz_below(state, 100), at = fuzz_below(state, len + 1);
    if (kind < 10)
        return at;
    if (kind < 15) {
        uint32_t grow = 1 + fuzz_below(state, 63);
        if (len + grow > MOST)
            return len;
        memmove(data + at + grow, data + at, len - at);
        fuzz_bytes(data + at, grow, state);
        return len + grow;
    }
    if (kind < 20) {
        uint32_t from = fuzz_below(state, other_len + 1), rest = other_len - from;
        rest = at + rest > MOST ? MOST - at : rest;
        memcpy(data + at, other + from, rest);
        return at + rest;
    }
    if (kind < 22) {
        uint32_t more = fuzz_below(state, MOST - len + 1);
        memset(data + len, 0, more);
        return len + more;
    }
    return len;
}

static void fuzz_fill(p4e_packet_t *packet, uint8_t *slot, const fuzz_seed_t *seeds, uint32_t count,
                      const uint8_t *bytes, uint64_t *state) {
    const fuzz_seed_t *seed = &seeds[fuzz_below(state, count)], *other = &seeds[fuzz_below(state, count)];
    uint32_t kind = fuzz_below(state, 16), len = seed->len;
    ASAN_UNPOISON_MEMORY_REGION(slot, SLOT);
    uint8_t *data = slot + P4E_HEADROOM;
    if (kind == 0) {
        len = fuzz_below(state, 90);
        fuzz_bytes(data, len, state);
    } else {
        memcpy(data, bytes + seed->offset, len);
        if (kind > 2)
            len = fuzz_mutate(data, len, bytes + other->offset, other->len, state);
    }
    ASAN_POISON_MEMORY_REGION(data + len + TAIL, MOST + TAIL - len);
    *packet = (p4e_packet_t){.data = data, .len = len, .port = seed->port};
}

/* Runs `packets` mutations of the seeds (records of port, length and offset in `bytes`); returns how many came out. */
API uint64_t fuzz_run(void (*run)(p4e_t *, const p4e_packet_t *, uint32_t, p4e_sink_t *), p4e_t *engine,
                      const fuzz_seed_t *seeds, uint32_t count, const uint8_t *bytes, uint64_t packets, uint64_t state) {
    p4e_packet_t batch[BATCH];
    fuzz_sink_t sink = {.sink.emit = fuzz_emit};
    uint8_t *slots = malloc((size_t)BATCH * SLOT);
    while (slots && count && packets) {
        uint32_t size = packets < BATCH ? (uint32_t)packets : BATCH;
        for (uint32_t i = 0; i < size; i++)
            fuzz_fill(&batch[i], slots + (size_t)i * SLOT, seeds, count, bytes, &state);
        run(engine, batch, size, &sink.sink);
        packets -= size;
    }
    if (slots)
        ASAN_UNPOISON_MEMORY_REGION(slots, (size_t)BATCH * SLOT);
    free(slots);
    return sink.packets;
}
