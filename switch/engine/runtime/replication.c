/* Control calls of replication; see replication.h. */
#include "replication.h"

#include <stdlib.h>

#include "control.h"

int p4e_replication_open(p4e_replication_t *replication) {
    replication->groups = calloc(P4E_GROUPS, sizeof replication->groups[0]);
    replication->sessions = calloc(P4E_SESSIONS, sizeof replication->sessions[0]);
    return replication->groups && replication->sessions ? P4E_OK : P4E_NO_MEMORY;
}

void p4e_replication_close(p4e_replication_t *replication) {
    for (uint32_t i = 0; replication->groups && i < P4E_GROUPS; i++)
        free((void *)(uintptr_t)atomic_load(&replication->groups[i]));
    for (uint32_t i = 0; replication->sessions && i < P4E_SESSIONS; i++)
        free((void *)(uintptr_t)atomic_load(&replication->sessions[i]));
    free(replication->groups);
    free(replication->sessions);
    *replication = (p4e_replication_t){0};
}

/* Reads what a control call was given (control.h). */
static p4e_replicas_t *replication_read(const uint32_t *words, uint32_t count) {
    uint64_t all = count;
    const uint32_t *at = words;
    for (uint32_t i = 0; i < count; i++) {
        all += at[2];
        at += 3 + 2 * (uint64_t)at[2];
    }
    p4e_replicas_t *made = malloc(sizeof *made + all * sizeof made->list[0]);
    if (!made)
        return NULL;
    *made = (p4e_replicas_t){.count = count};
    uint32_t backup = count;
    for (uint32_t i = 0; i < count; i++) {
        made->list[i] = (p4e_replica_t){words[0], words[1], backup, words[2]};
        words += 3;
        for (uint32_t k = 0; k < made->list[i].backups; k++, words += 2)
            made->list[backup++] = (p4e_replica_t){.port = words[0], .instance = words[1]};
    }
    return made;
}

static int replication_set(p4e_t *engine, _Atomic(const p4e_replicas_t *) *where, const uint32_t *replicas,
                           uint32_t count, uint32_t truncate) {
    p4e_replicas_t *fresh = NULL;
    if (replicas && !(fresh = replication_read(replicas, count)))
        return P4E_NO_MEMORY;
    if (fresh)
        fresh->truncate = truncate;
    p4e_lock(engine);
    const p4e_replicas_t *old = atomic_exchange_explicit(where, fresh, memory_order_acq_rel);
    p4e_retire(&engine->reclaim, (void *)(uintptr_t)old);
    return p4e_unlock(engine, P4E_OK);
}

int p4e_multicast(p4e_t *engine, uint32_t group, const uint32_t *replicas, uint32_t count) {
    if (group == 0 || group >= P4E_GROUPS)
        return P4E_BAD_VALUE;
    return replication_set(engine, &engine->replication.groups[group], replicas, count, 0);
}

int p4e_clone_session(p4e_t *engine, uint32_t session, const uint32_t *replicas, uint32_t count, uint32_t truncate) {
    if (session >= P4E_SESSIONS)
        return P4E_BAD_VALUE;
    return replication_set(engine, &engine->replication.sessions[session], replicas, count, truncate);
}
