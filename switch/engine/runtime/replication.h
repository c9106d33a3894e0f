/* Multicast groups and clone sessions. */
#ifndef P4E_REPLICATION_H
#define P4E_REPLICATION_H

#include <stdatomic.h>
#include <stdint.h>

#include "p4e.h"
#include "reclaim.h"

#define P4E_GROUPS 65536u
#define P4E_SESSIONS 32768u

/* A port, and others in whose order it is replaced while packets cannot leave there. */
typedef struct p4e_replica {
    uint32_t port, instance;
    uint32_t backup, backups; /* place of the first one in the list, and how many */
} p4e_replica_t;

/* Immutable. */
typedef struct p4e_replicas {
    uint32_t count;
    uint32_t truncate; /* bytes; 0: not */
    p4e_replica_t list[]; /* `count` replicas, then their backups */
} p4e_replicas_t;

typedef struct p4e_replication {
    _Atomic(const p4e_replicas_t *) *groups;   /* P4E_GROUPS, mostly untouched pages */
    _Atomic(const p4e_replicas_t *) *sessions; /* P4E_SESSIONS */
} p4e_replication_t;

static inline const p4e_replicas_t *p4e_group_of(const p4e_replication_t *r, uint64_t group) {
    return group < P4E_GROUPS ? atomic_load_explicit(&r->groups[group], memory_order_acquire) : NULL;
}

static inline const p4e_replicas_t *p4e_session_of(const p4e_replication_t *r, uint64_t session) {
    return session < P4E_SESSIONS ? atomic_load_explicit(&r->sessions[session], memory_order_acquire) : NULL;
}

/* Where the i-th copy goes now; where nothing is up, to the port that it would have gone to. */
static inline const p4e_replica_t *p4e_replica_at(const p4e_replicas_t *to, uint32_t i, const p4e_sink_t *sink) {
    const p4e_replica_t *first = &to->list[i];
    if (!first->backups || !sink->up || sink->up(sink, first->port))
        return first;
    for (uint32_t k = 0; k < first->backups; k++)
        if (sink->up(sink, to->list[first->backup + k].port))
            return &to->list[first->backup + k];
    return first;
}

int p4e_replication_open(p4e_replication_t *replication);
void p4e_replication_close(p4e_replication_t *replication);

#endif
