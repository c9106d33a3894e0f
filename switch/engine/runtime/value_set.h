/* Parser value sets. */
#ifndef P4E_VALUE_SET_H
#define P4E_VALUE_SET_H

#include <stdatomic.h>

#include "reclaim.h"
#include "spec.h"

/* Values and masks in packed words, one after the other. Immutable. */
typedef struct p4e_values {
    uint32_t count;
    uint64_t words[];
} p4e_values_t;

typedef struct p4e_value_set {
    const p4e_value_set_spec_t *spec;
    _Atomic(const p4e_values_t *) values; /* NULL: empty */
} p4e_value_set_t;

/* Whether `key` (under `mask`, where not NULL) equals one of the values. */
static inline bool p4e_value_set_has(const p4e_value_set_t *set, const uint64_t *key, const uint64_t *mask,
                                     unsigned words) {
    const p4e_values_t *values = atomic_load_explicit(&set->values, memory_order_acquire);
    for (uint32_t i = 0; values && i < values->count; i++) {
        const uint64_t *value = values->words + (uint64_t)i * 2 * words;
        uint64_t differ = 0;
        for (unsigned w = 0; w < words; w++)
            differ |= (value[w] ^ key[w]) & value[words + w] & (mask ? mask[w] : UINT64_MAX);
        if (!differ)
            return true;
    }
    return false;
}

#endif
