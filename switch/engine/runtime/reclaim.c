/* See reclaim.h. All functions here run under the control lock. */
#include "reclaim.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECLAIM_YIELDS 64

void p4e_reclaim_open(p4e_reclaim_t *r) {
    pthread_mutex_init(&r->hold, NULL);
}

/* What a held packet thread does. */
void p4e_reclaim_wait(p4e_reclaim_t *r) {
    pthread_mutex_lock(&r->hold);
    pthread_mutex_unlock(&r->hold);
}

void p4e_hold(p4e_reclaim_t *r) {
    pthread_mutex_lock(&r->hold);
    atomic_store_explicit(&r->held, true, memory_order_seq_cst);
    for (unsigned tries = 0; atomic_load_explicit(&r->phase, memory_order_seq_cst) & 1; tries++) {
        if (tries < RECLAIM_YIELDS)
            sched_yield();
        else
            usleep(20);
    }
}

void p4e_unhold(p4e_reclaim_t *r) {
    atomic_store_explicit(&r->held, false, memory_order_seq_cst);
    pthread_mutex_unlock(&r->hold);
}

static size_t reclaim_ready(const p4e_reclaim_t *r, uint64_t now) {
    size_t ready = 0;
    while (ready < r->count) {
        uint64_t then = r->limbo[r->first + ready].phase;
        if (then == now)
            break;
        ready++;
    }
    return ready;
}

/* Frees what no reader can hold any more. */
void p4e_collect(p4e_reclaim_t *r) {
    if (r->count == 0)
        return;
    atomic_thread_fence(memory_order_seq_cst);
    uint64_t now = atomic_load_explicit(&r->phase, memory_order_acquire);
    size_t ready = reclaim_ready(r, now);
    for (size_t i = 0; i < ready; i++)
        free(r->limbo[r->first + i].memory);
    r->first += ready;
    r->count -= ready;
    if (r->count == 0)
        r->first = 0;
}

static int reclaim_grow(p4e_reclaim_t *r) {
    if (r->first > r->room / 2) {
        memmove(r->limbo, r->limbo + r->first, r->count * sizeof *r->limbo);
        r->first = 0;
        return 0;
    }
    size_t room = r->room ? 2 * r->room : 256;
    p4e_limbo_t *grown = realloc(r->limbo, room * sizeof *grown);
    if (!grown)
        return -1;
    r->limbo = grown;
    r->room = room;
    return 0;
}

/* Frees `memory`, already unlinked, as soon as no packet can see it. */
void p4e_retire(p4e_reclaim_t *r, void *memory) {
    if (!memory)
        return;
    atomic_thread_fence(memory_order_seq_cst);
    uint64_t phase = atomic_load_explicit(&r->phase, memory_order_acquire);
    if (!(phase & 1)) {
        free(memory);
        return;
    }
    if (r->first + r->count == r->room && reclaim_grow(r) != 0) {
        /* No memory to remember it by: wait until the packet thread has moved on. */
        while (atomic_load_explicit(&r->phase, memory_order_acquire) == phase)
            usleep(50);
        free(memory);
        return;
    }
    r->limbo[r->first + r->count++] = (p4e_limbo_t){memory, phase};
}

/* Frees everything; no packet thread may be running. */
void p4e_reclaim_close(p4e_reclaim_t *r) {
    for (size_t i = 0; i < r->count; i++)
        free(r->limbo[r->first + i].memory);
    free(r->limbo);
    r->limbo = NULL;
    r->first = r->count = r->room = 0;
    pthread_mutex_destroy(&r->hold);
}
