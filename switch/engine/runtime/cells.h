/* Counters and meters as arrays of cells. */
#ifndef P4E_CELLS_H
#define P4E_CELLS_H

#include "entry.h"
#include "meter.h"
#include "reclaim.h"

typedef struct p4e_count {
    _Atomic uint64_t packets, bytes;
} p4e_count_t;

static inline void p4e_count_add(p4e_count_t *cells, uint64_t size, uint64_t index, uint64_t bytes) {
    if (index < size) {
        p4e_bump(&cells[index].packets, 1);
        p4e_bump(&cells[index].bytes, bytes);
    }
}

int p4e_meter_cell(p4e_reclaim_t *reclaim, p4e_meter_t *meter, uint64_t *cells, int write);

#endif
