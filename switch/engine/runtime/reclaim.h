/* Freeing what the packet thread may still be reading.
 *
 * The packet thread raises `phase` when it enters and when it leaves p4e_run: odd means running. What a control call
 * has unlinked is freed at once when the phase is even, else kept until the phase has moved on.
 *
 * What a packet must not see half done (a register cell of several words) is written while the packet thread is held
 * between two batches: it raises the phase, finds itself held, lowers it again and waits.
 */
#ifndef P4E_RECLAIM_H
#define P4E_RECLAIM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct p4e_limbo {
    void *memory;
    uint64_t phase;
} p4e_limbo_t;

typedef struct p4e_reclaim {
    _Atomic uint64_t phase;
    _Atomic bool held;
    pthread_mutex_t hold; /* taken while held */
    p4e_limbo_t *limbo; /* a queue: [first, first + count) */
    size_t first, count, room;
} p4e_reclaim_t;

static inline void p4e_reclaim_leave(p4e_reclaim_t *r) {
    atomic_fetch_add_explicit(&r->phase, 1, memory_order_release);
}

void p4e_reclaim_wait(p4e_reclaim_t *r);

static inline void p4e_reclaim_enter(p4e_reclaim_t *r) {
    atomic_fetch_add_explicit(&r->phase, 1, memory_order_seq_cst);
    while (__builtin_expect(atomic_load_explicit(&r->held, memory_order_seq_cst), 0)) {
        p4e_reclaim_leave(r);
        p4e_reclaim_wait(r);
        atomic_fetch_add_explicit(&r->phase, 1, memory_order_seq_cst);
    }
}

/* Waits for the end of the batch under way and keeps the packet thread from beginning another one: for a short time
 * only, and never from the packet thread. */
void p4e_hold(p4e_reclaim_t *r);
void p4e_unhold(p4e_reclaim_t *r);

void p4e_reclaim_open(p4e_reclaim_t *r);

void p4e_retire(p4e_reclaim_t *r, void *memory);
void p4e_collect(p4e_reclaim_t *r);
void p4e_reclaim_close(p4e_reclaim_t *r);

#endif
