/* Adopting: an engine takes over what another one holds and it has too. */
#include <string.h>

#include "control.h"
#include "registers.h"

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
    count += p4e_registers_adopt(engine, old, kept);
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
