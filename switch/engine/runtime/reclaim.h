/* Freeing what the packet thread may still be reading.
 *
 * The packet thread raises `phase` when it enters and when it leaves p4e_run: odd means running. What a control call
 * has unlinked is freed at once when the phase is even, else kept until the phase has moved on.
 */
#ifndef P4E_RECLAIM_H
#define P4E_RECLAIM_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

typedef struct p4e_limbo {
    void *memory;
    uint64_t phase;
} p4e_limbo_t;

typedef struct p4e_reclaim {
    _Atomic uint64_t phase;
    p4e_limbo_t *limbo; /* a queue: [first, first + count) */
    size_t first, count, room;
} p4e_reclaim_t;

static inline void p4e_reclaim_enter(p4e_reclaim_t *r) {
    atomic_fetch_add_explicit(&r->phase, 1, memory_order_seq_cst);
}

static inline void p4e_reclaim_leave(p4e_reclaim_t *r) {
    atomic_fetch_add_explicit(&r->phase, 1, memory_order_release);
}

void p4e_retire(p4e_reclaim_t *r, void *memory);
void p4e_collect(p4e_reclaim_t *r);
void p4e_reclaim_close(p4e_reclaim_t *r);

#endif
