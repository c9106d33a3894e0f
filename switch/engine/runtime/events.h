/* Events from the packet thread to the control plane: a ring with one writer and one reader. */
#ifndef P4E_EVENTS_H
#define P4E_EVENTS_H

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#define P4E_EVENT_DIGEST 1u
#define P4E_EVENT_LOG 2u
#define P4E_EVENTS_BYTES (UINT64_C(1) << 20)

/* Behind it: `size` bytes, padded to a multiple of 8. */
typedef struct p4e_event {
    uint32_t kind, size;
    uint64_t number; /* of the digest list or log message */
} p4e_event_t;

typedef struct p4e_events {
    _Atomic uint64_t head, tail; /* bytes ever written and read */
    uint8_t *ring;
    uint64_t told; /* head when the callback last ran */
    void (*call)(void *);
    void *argument;
} p4e_events_t;

static inline void p4e_ring_copy(uint8_t *ring, uint64_t at, const void *from, uint64_t size) {
    uint64_t offset = at & (P4E_EVENTS_BYTES - 1);
    uint64_t first = size < P4E_EVENTS_BYTES - offset ? size : P4E_EVENTS_BYTES - offset;
    memcpy(ring + offset, from, first);
    memcpy(ring, (const uint8_t *)from + first, size - first);
}

/* Queues an event; -1 when the ring is full. */
static inline int p4e_event_put(p4e_events_t *events, uint32_t kind, uint64_t number, const void *body, uint32_t size) {
    uint64_t head = atomic_load_explicit(&events->head, memory_order_relaxed);
    uint64_t tail = atomic_load_explicit(&events->tail, memory_order_acquire);
    uint64_t whole = sizeof(p4e_event_t) + ((uint64_t)size + 7) / 8 * 8;
    if (head - tail + whole > P4E_EVENTS_BYTES)
        return -1;
    const p4e_event_t event = {kind, size, number};
    p4e_ring_copy(events->ring, head, &event, sizeof event);
    p4e_ring_copy(events->ring, head + sizeof event, body, size);
    atomic_store_explicit(&events->head, head + whole, memory_order_release);
    return 0;
}

#endif
