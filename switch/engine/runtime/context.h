/* One packet on its way through a program. Included by generated code, after it has defined p4_phv_t. */
#ifndef P4E_CONTEXT_H
#define P4E_CONTEXT_H

#include "algorithms.h"
#include "bits.h"
#include "engine.h"
#include "trace.h"
#include "wide.h"

/* standard_metadata.instance_type */
enum {
    P4_NORMAL = 0,
    P4_INGRESS_CLONE = 1,
    P4_EGRESS_CLONE = 2,
    P4_RECIRCULATED = 4,
    P4_REPLICATION = 5,
    P4_RESUBMITTED = 6,
};

/* Backward jumps (cyclic control flow, parser loops) that one pass may take. */
#define P4_LOOPS 65536u

typedef struct p4_context {
    p4e_t *engine;
    uint8_t *floor;   /* lowest byte that may be written */
    uint8_t *data;    /* the packet as it began this pass */
    uint8_t *payload; /* what follows the parsed headers */
    uint32_t len, payload_len;
    uint32_t ingress_port;
    uint32_t ingress_length; /* what counters and meters count */
    uint32_t packet_length;  /* follows added and removed headers */
    uint32_t truncate;       /* output has this many bytes at most */
    uint64_t clone_session;  /* + 1; 0: no clone */
    uint64_t clone_list, digest, resubmit, recirculate;
    uint32_t loops;
    uint32_t parser_error;
    bool checksum_error, exit, failed, looped;
    p4_phv_t phv;
} p4_context_t;

/* Counts a backward jump; true when there were too many. */
static inline bool p4_too_many(p4_context_t *c) {
    if (P4E_LIKELY(++c->loops < P4_LOOPS))
        return false;
    c->looped = true;
    return true;
}

static inline void p4_log(p4_context_t *c, uint64_t number, const p4_i128 *values, uint32_t count) {
    if (p4e_event_put(&c->engine->events, P4E_EVENT_LOG, number, values, count * 16) != 0)
        p4e_stat(c->engine, P4E_STAT_EVENTS_LOST, 1);
}

static inline void p4_learn(p4_context_t *c, uint64_t list, const uint8_t *body, uint32_t size) {
    int lost = p4e_event_put(&c->engine->events, P4E_EVENT_DIGEST, list, body, size);
    p4e_stat(c->engine, lost ? P4E_STAT_EVENTS_LOST : P4E_STAT_DIGESTS, 1);
}

#endif
