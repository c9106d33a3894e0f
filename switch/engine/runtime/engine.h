/* The engine's state: one p4e_t holds everything a loaded program has at run time. */
#ifndef P4E_ENGINE_H
#define P4E_ENGINE_H

#include <pthread.h>

#include "arena.h"
#include "cells.h"
#include "entry.h"
#include "events.h"
#include "p4e.h"
#include "profile.h"
#include "reclaim.h"
#include "replication.h"
#include "spec.h"
#include "stats.h"
#include "status.h"
#include "table.h"
#include "value_set.h"

typedef struct p4e_options {
    uint64_t seed;   /* of the program's random numbers */
    uint64_t secret; /* of hashing: who knows it can make a table slow with chosen keys */
    uint32_t cpu_port;
    uint32_t drop_port;
    uint32_t virtual_clock;
    uint32_t max_passes; /* of all that one input packet causes */
    uint32_t prefault;   /* the memory of registers is there from the start */
} p4e_options_t;

/* Where what a packet does is recorded (trace.h); only while it is being explained. */
typedef struct p4e_trace {
    uint8_t *bytes;
    uint64_t used, room;
    bool cut;
} p4e_trace_t;

struct p4e {
    const p4e_program_t *program;
    p4e_options_t options;
    p4e_reclaim_t reclaim;
    pthread_mutex_t lock; /* control calls */
    uint64_t written;     /* microseconds: when the control call under way began to write */

    /* The packet path. */
    uint64_t now; /* microseconds, read once a batch */
    uint64_t random;
    _Atomic uint64_t virtual_now;
    uint64_t wall_start;
    _Atomic uint64_t stats[P4E_STATS];
    p4e_arena_t arena;
    void *scratch;

    /* State that control calls share with it. */
    p4e_table_t *tables;
    p4e_profile_t *profiles;
    p4e_count_t **counters;
    p4e_meter_t **meters;
    void **rows;      /* of register groups */
    void **registers; /* each array's first cell, within its group's rows */
    p4e_value_set_t *value_sets;
    p4e_replication_t replication;
    p4e_events_t events;

    p4e_trace_t *trace;
    uint8_t *output; /* of p4e_process */
    uint64_t output_room, output_used;
};

static inline void p4e_stat(p4e_t *engine, p4e_stat_t stat, uint64_t by) {
    p4e_bump(&engine->stats[stat], by);
}

static inline void p4e_lock(p4e_t *engine) {
    pthread_mutex_lock(&engine->lock);
    p4e_collect(&engine->reclaim);
}

static inline int p4e_unlock(p4e_t *engine, int status) {
    pthread_mutex_unlock(&engine->lock);
    return status;
}

/* Microseconds: of the virtual clock, or since the engine was opened. */
P4E_API uint64_t p4e_time(const p4e_t *engine);

#endif
