/* Control calls of counters and meters. */
#include "cells.h"

#include <stdlib.h>
#include <string.h>

#include "control.h"

static bool cells_within(const p4e_array_spec_t *spec, uint64_t start, uint64_t count) {
    return start <= spec->size && count <= spec->size - start;
}

int p4e_counter(p4e_t *engine, uint32_t counter, uint64_t start, uint64_t count, uint64_t *cells, int write) {
    if (counter >= engine->program->counter_count)
        return P4E_NOT_FOUND;
    if (!cells_within(&engine->program->counters[counter], start, count))
        return P4E_BAD_VALUE;
    p4e_count_t *array = engine->counters[counter] + start;
    for (uint64_t i = 0; i < count; i++) {
        if (write) {
            atomic_store_explicit(&array[i].packets, cells[2 * i], memory_order_relaxed);
            atomic_store_explicit(&array[i].bytes, cells[2 * i + 1], memory_order_relaxed);
        } else {
            cells[2 * i] = atomic_load_explicit(&array[i].packets, memory_order_relaxed);
            cells[2 * i + 1] = atomic_load_explicit(&array[i].bytes, memory_order_relaxed);
        }
    }
    return P4E_OK;
}

static void cells_colours(p4e_meter_t *meter, uint64_t *cells, int write) {
    for (int colour = 0; colour < 3; colour++) {
        _Atomic uint64_t *counts[2] = {&meter->packets[colour], &meter->bytes[colour]};
        for (int i = 0; i < 2; i++)
            if (write)
                atomic_store_explicit(counts[i], cells[2 * colour + i], memory_order_relaxed);
            else
                cells[2 * colour + i] = atomic_load_explicit(counts[i], memory_order_relaxed);
    }
}

/* Reads a meter, or replaces its rates or counts, under the control lock. */
int p4e_meter_cell(p4e_reclaim_t *reclaim, p4e_meter_t *meter, uint64_t *cells, int write) {
    if (!write) {
        const p4e_rates_t *rates = atomic_load_explicit(&meter->rates, memory_order_relaxed);
        memset(cells, 0, 6 * sizeof cells[0]);
        if (rates)
            memcpy(cells, (uint64_t[]){rates->cir, rates->cburst, rates->pir, rates->pburst, rates->eburst, 1},
                   6 * sizeof cells[0]);
        cells_colours(meter, cells + 6, 0);
        return P4E_OK;
    }
    if (write == P4E_WRITE_COLOURS) {
        cells_colours(meter, cells + 6, 1);
        return P4E_OK;
    }
    p4e_rates_t *fresh = NULL;
    if (cells[5]) {
        fresh = malloc(sizeof *fresh);
        if (!fresh)
            return P4E_NO_MEMORY;
        *fresh = (p4e_rates_t){cells[0], cells[1], cells[2], cells[3], cells[4], ++meter->versions};
    }
    const p4e_rates_t *old = atomic_exchange_explicit(&meter->rates, fresh, memory_order_acq_rel);
    p4e_retire(reclaim, (void *)(uintptr_t)old);
    return P4E_OK;
}

int p4e_meter(p4e_t *engine, uint32_t meter, uint64_t index, uint64_t *cells, int write) {
    if (meter >= engine->program->meter_count)
        return P4E_NOT_FOUND;
    if (!cells_within(&engine->program->meters[meter], index, 1))
        return P4E_BAD_VALUE;
    p4e_lock(engine);
    return p4e_unlock(engine, p4e_meter_cell(&engine->reclaim, engine->meters[meter] + index, cells, write));
}
