/* Multicast groups and clone sessions. */
#ifndef P4E_REPLICATION_H
#define P4E_REPLICATION_H

#include <stdatomic.h>
#include <stdint.h>

#include "reclaim.h"

#define P4E_GROUPS 65536u
#define P4E_SESSIONS 32768u

typedef struct p4e_replica {
    uint32_t port, instance;
} p4e_replica_t;

/* Immutable. */
typedef struct p4e_replicas {
    uint32_t count;
    uint32_t truncate; /* bytes; 0: not */
    p4e_replica_t list[];
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

int p4e_replication_open(p4e_replication_t *replication);
void p4e_replication_close(p4e_replication_t *replication);

#endif
