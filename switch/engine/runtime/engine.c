/* Opening and closing engines; clock and counters. */
#include "engine.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "algorithms.h"
#include "control.h"
#include "pages.h"
#include "registers.h"

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
    engine->value_sets = engine_array(p->value_set_count, sizeof *engine->value_sets);
    engine->events.ring = malloc(P4E_EVENTS_BYTES);
    size_t scratch = (p->scratch_bytes + 63) & ~(size_t)63;
    engine->scratch = aligned_alloc(64, scratch ? scratch : 64);
    bool all = engine->tables && engine->profiles && engine->counters && engine->meters &&
               engine->value_sets && engine->events.ring && engine->scratch;
    if (all)
        memset(engine->scratch, 0, scratch);
    return all ? p4e_replication_open(&engine->replication) : P4E_NO_MEMORY;
}

static int engine_open_objects(p4e_t *engine) {
    const p4e_program_t *p = engine->program;
    bool all = true;
    uint64_t secret = engine->options.secret;
    for (uint32_t i = 0; i < p->table_count; i++)
        all &= p4e_table_open(&engine->tables[i], &p->tables[i], p4_random(&secret)) == P4E_OK;
    for (uint32_t i = 0; i < p->profile_count; i++)
        engine->profiles[i].spec = &p->profiles[i];
    for (uint32_t i = 0; i < p->value_set_count; i++)
        engine->value_sets[i].spec = &p->value_sets[i];
    for (uint32_t i = 0; i < p->counter_count; i++)
        all &= (engine->counters[i] = p4e_pages_new(p->counters[i].size * sizeof(p4e_count_t), false)) != NULL;
    for (uint32_t i = 0; i < p->meter_count; i++)
        all &= (engine->meters[i] = p4e_pages_new(p->meters[i].size * sizeof(p4e_meter_t), false)) != NULL;
    return all ? p4e_registers_open(engine) : P4E_NO_MEMORY;
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
    p4e_reclaim_open(&engine->reclaim);
    if (engine_open_arrays(engine) != P4E_OK || engine_open_objects(engine) != P4E_OK) {
        p4e_close(engine);
        return NULL;
    }
    return engine;
}

static void engine_close_meters(p4e_meter_t *meters, uint64_t size) {
    for (uint64_t i = 0; meters && i < size; i++)
        free((void *)(uintptr_t)atomic_load(&meters[i].rates));
    p4e_pages_free(meters, size * sizeof *meters);
}

void p4e_close(p4e_t *engine) {
    const p4e_program_t *p = engine->program;
    for (uint32_t i = 0; engine->tables && i < p->table_count; i++)
        p4e_table_close(&engine->tables[i]);
    for (uint32_t i = 0; engine->profiles && i < p->profile_count; i++)
        p4e_profile_close(&engine->profiles[i]);
    for (uint32_t i = 0; engine->counters && i < p->counter_count; i++)
        p4e_pages_free(engine->counters[i], p->counters[i].size * sizeof(p4e_count_t));
    for (uint32_t i = 0; engine->meters && i < p->meter_count; i++)
        engine_close_meters(engine->meters[i], p->meters[i].size);
    p4e_registers_close(engine);
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
    free(engine->value_sets);
    free(engine->events.ring);
    free(engine->scratch);
    free(engine->output);
    free(engine);
}
