/* Draining events; see events.h. */
#include "events.h"

#include "control.h"

static void events_read(const uint8_t *ring, uint64_t at, void *to, uint64_t size) {
    uint64_t offset = at & (P4E_EVENTS_BYTES - 1);
    uint64_t first = size < P4E_EVENTS_BYTES - offset ? size : P4E_EVENTS_BYTES - offset;
    memcpy(to, ring + offset, first);
    memcpy((uint8_t *)to + first, ring, size - first);
}

uint64_t p4e_events(p4e_t *engine, uint8_t *out, uint64_t room) {
    p4e_events_t *events = &engine->events;
    uint64_t used = 0;
    pthread_mutex_lock(&engine->lock);
    uint64_t head = atomic_load_explicit(&events->head, memory_order_acquire);
    uint64_t tail = atomic_load_explicit(&events->tail, memory_order_relaxed);
    while (tail < head) {
        p4e_event_t event;
        events_read(events->ring, tail, &event, sizeof event);
        uint64_t whole = sizeof event + ((uint64_t)event.size + 7) / 8 * 8;
        if (used + whole > room)
            break;
        events_read(events->ring, tail, out + used, whole);
        used += whole;
        tail += whole;
    }
    atomic_store_explicit(&events->tail, tail, memory_order_release);
    pthread_mutex_unlock(&engine->lock);
    return used;
}

void p4e_on_event(p4e_t *engine, void (*call)(void *), void *argument) {
    pthread_mutex_lock(&engine->lock);
    __atomic_store_n(&engine->events.argument, argument, __ATOMIC_RELEASE);
    __atomic_store_n(&engine->events.call, call, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&engine->lock);
}
