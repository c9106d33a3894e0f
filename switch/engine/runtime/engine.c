/* Opening, closing and adopting engines; clock and counters. */
#include "engine.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "algorithms.h"
#include "control.h"

static uint64_t engine_wall(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t p4e_time(const p4e_t *engine) {
    if (engine->options.virtual_clock)
        return atomic_load_explicit(&engine->virtual_now, memory_order_acquire);
    return engine_wall() - engine->wall_start;
}

void p4e_set_time(p4e_t *engine, uint64_t microseconds) {
    uint64_t now = atomic_load_explicit(&engine->virtual_now, memory_order_relaxed);
    if (microseconds > now)
        atomic_store_explicit(&engine->virtual_now, microseconds, memory_order_release);
}

uint32_t p4e_stats(p4e_t *engine, uint64_t *cells, uint32_t room) {
    uint32_t count = room < P4E_STATS ? room : P4E_STATS;
    for (uint32_t i = 0; i < count; i++)
        cells[i] = atomic_load_explicit(&engine->stats[i], memory_order_relaxed);
    return count;
}

/* Zeroed memory for an array; one element at least, so that NULL means failure. */
static void *engine_array(uint64_t count, size_t size) {
    return calloc(count ? count : 1, size);
}

static int engine_open_arrays(p4e_t *engine) {
    const p4e_program_t *p = engine->program;
    engine->tables = engine_array(p->table_count, sizeof *engine->tables);
    engine->profiles = engine_array(p->profile_count, sizeof *engine->profiles);
    engine->counters = engine_array(p->counter_count, sizeof *engine->counters);
    engine->meters = engine_array(p->meter_count, sizeof *engine->meters);
    engine->registers = engine_array(p->register_count, sizeof *engine->registers);
    engine->value_sets = engine_array(p->value_set_count, sizeof *engine->value_sets);
    engine->events.ring = malloc(P4E_EVENTS_BYTES);
    size_t scratch = (p->scratch_bytes + 63) & ~(size_t)63;
    engine->scratch = aligned_alloc(64, scratch ? scratch : 64);
    bool all = engine->tables && engine->profiles && engine->counters && engine->meters && engine->registers &&
               engine->value_sets && engine->events.ring && engine->scratch;
    if (all)
        memset(engine->scratch, 0, scratch);
    return all ? p4e_replication_open(&engine->replication) : P4E_NO_MEMORY;
}

static int engine_open_objects(p4e_t *engine) {
    const p4e_program_t *p = engine->program;
    bool all = true;
    uint64_t secret = engine->options.seed ^ 0x5851f42d4c957f2du;
    for (uint32_t i = 0; i < p->table_count; i++)
        all &= p4e_table_open(&engine->tables[i], &p->tables[i], p4_random(&secret)) == P4E_OK;
    for (uint32_t i = 0; i < p->profile_count; i++)
        engine->profiles[i].spec = &p->profiles[i];
    for (uint32_t i = 0; i < p->value_set_count; i++)
        engine->value_sets[i].spec = &p->value_sets[i];
    for (uint32_t i = 0; i < p->counter_count; i++)
        all &= (engine->counters[i] = engine_array(p->counters[i].size, sizeof(p4e_count_t))) != NULL;
    for (uint32_t i = 0; i < p->meter_count; i++)
        all &= (engine->meters[i] = engine_array(p->meters[i].size, sizeof(p4e_meter_t))) != NULL;
    for (uint32_t i = 0; i < p->register_count; i++)
        all &= (engine->registers[i] = engine_array(p->registers[i].size, p->registers[i].native)) != NULL;
    return all ? P4E_OK : P4E_NO_MEMORY;
}

p4e_t *p4e_open(const p4e_options_t *options) {
    p4e_t *engine = calloc(1, sizeof *engine);
    if (!engine)
        return NULL;
    engine->program = &p4e_program;
    engine->options = *options;
    engine->random = options->seed;
    engine->wall_start = engine_wall();
    pthread_mutex_init(&engine->lock, NULL);
    if (engine_open_arrays(engine) != P4E_OK || engine_open_objects(engine) != P4E_OK) {
        p4e_close(engine);
        return NULL;
    }
    return engine;
}

static void engine_close_meters(p4e_meter_t *meters, uint64_t size) {
    for (uint64_t i = 0; meters && i < size; i++)
        free((void *)(uintptr_t)atomic_load(&meters[i].rates));
    free(meters);
}

void p4e_close(p4e_t *engine) {
    const p4e_program_t *p = engine->program;
    for (uint32_t i = 0; engine->tables && i < p->table_count; i++)
        p4e_table_close(&engine->tables[i]);
    for (uint32_t i = 0; engine->profiles && i < p->profile_count; i++)
        p4e_profile_close(&engine->profiles[i]);
    for (uint32_t i = 0; engine->counters && i < p->counter_count; i++)
        free(engine->counters[i]);
    for (uint32_t i = 0; engine->meters && i < p->meter_count; i++)
        engine_close_meters(engine->meters[i], p->meters[i].size);
    for (uint32_t i = 0; engine->registers && i < p->register_count; i++)
        free(engine->registers[i]);
    for (uint32_t i = 0; engine->value_sets && i < p->value_set_count; i++)
        free((void *)(uintptr_t)atomic_load(&engine->value_sets[i].values));
    p4e_replication_close(&engine->replication);
    p4e_arena_close(&engine->arena);
    p4e_reclaim_close(&engine->reclaim);
    pthread_mutex_destroy(&engine->lock);
    free(engine->tables);
    free(engine->profiles);
    free(engine->counters);
    free(engine->meters);
    free(engine->registers);
    free(engine->value_sets);
    free(engine->events.ring);
    free(engine->scratch);
    free(engine->output);
    free(engine);
}

#define SWAP(a, b)                                                                                                     \
    do {                                                                                                               \
        __typeof__(a) swapped = (a);                                                                                   \
        (a) = (b);                                                                                                     \
        (b) = swapped;                                                                                                 \
    } while (0)

/* Finds each layout of `own` among `theirs`; what `swap` then does is the caller's. -1: none. */
static int64_t adopt_find(uint64_t layout, const void *specs, uint32_t count, size_t size) {
    for (uint32_t i = 0; i < count; i++)
        if (*(const uint64_t *)(const void *)((const uint8_t *)specs + i * size) == layout)
            return i;
    return -1;
}

static uint32_t adopt_tables(p4e_t *engine, p4e_t *old, uint8_t *kept) {
    const p4e_program_t *p = engine->program, *q = old->program;
    uint8_t *profiles = kept + p->table_count;
    uint32_t count = 0;
    for (uint32_t i = 0; i < p->profile_count; i++) {
        int64_t from = adopt_find(p->profiles[i].layout, q->profiles, q->profile_count, sizeof *q->profiles);
        if (from < 0)
            continue;
        SWAP(engine->profiles[i], old->profiles[from]);
        SWAP(engine->profiles[i].spec, old->profiles[from].spec);
        count += profiles[i] = 1;
    }
    for (uint32_t i = 0; i < p->table_count; i++) {
        int64_t from = adopt_find(p->tables[i].layout, q->tables, q->table_count, sizeof *q->tables);
        if (from < 0 || (p->tables[i].profile >= 0 && !profiles[p->tables[i].profile]))
            continue;
        SWAP(engine->tables[i], old->tables[from]);
        SWAP(engine->tables[i].spec, old->tables[from].spec);
        count += kept[i] = 1;
    }
    return count;
}

static uint32_t adopt_cells(const p4e_array_spec_t *own, uint32_t own_count, void **cells,
                            const p4e_array_spec_t *theirs, uint32_t their_count, void **their_cells, uint8_t *kept) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < own_count; i++) {
        int64_t from = adopt_find(own[i].layout, theirs, their_count, sizeof *theirs);
        if (from < 0)
            continue;
        SWAP(cells[i], their_cells[from]);
        count += kept[i] = 1;
    }
    return count;
}

uint32_t p4e_adopt(p4e_t *engine, p4e_t *old, uint8_t *kept) {
    const p4e_program_t *p = engine->program, *q = old->program;
    pthread_mutex_lock(&engine->lock);
    pthread_mutex_lock(&old->lock);
    uint32_t count = adopt_tables(engine, old, kept);
    kept += p->table_count + p->profile_count;
    count += adopt_cells(p->counters, p->counter_count, (void **)engine->counters, q->counters, q->counter_count,
                         (void **)old->counters, kept);
    kept += p->counter_count;
    count += adopt_cells(p->meters, p->meter_count, (void **)engine->meters, q->meters, q->meter_count,
                         (void **)old->meters, kept);
    kept += p->meter_count;
    count += adopt_cells(p->registers, p->register_count, engine->registers, q->registers, q->register_count,
                         old->registers, kept);
    kept += p->register_count;
    for (uint32_t i = 0; i < p->value_set_count; i++) {
        int64_t from = adopt_find(p->value_sets[i].layout, q->value_sets, q->value_set_count, sizeof *q->value_sets);
        if (from < 0)
            continue;
        const p4e_values_t *values = atomic_load(&old->value_sets[from].values);
        atomic_store(&old->value_sets[from].values, atomic_load(&engine->value_sets[i].values));
        atomic_store(&engine->value_sets[i].values, values);
        count += kept[i] = 1;
    }
    kept += p->value_set_count;
    SWAP(engine->replication, old->replication);
    *kept = 1;
    engine->wall_start = old->wall_start;
    p4e_set_time(engine, atomic_load(&old->virtual_now));
    pthread_mutex_unlock(&old->lock);
    pthread_mutex_unlock(&engine->lock);
    return count + 1;
}
