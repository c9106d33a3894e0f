/* Comparing a key with an entry in full. */
#ifndef P4E_MATCH_H
#define P4E_MATCH_H

#include "entry.h"

/* Whether the fields that match by range lie within the entry's bounds. */
static inline bool p4e_in_ranges(const p4e_table_spec_t *spec, const p4e_entry_t *entry, const uint64_t *key) {
    const uint64_t *low = entry->words, *high = entry->words + 2 * spec->words;
    for (uint32_t i = 0; i < spec->field_count; i++) {
        const p4e_field_t *field = &spec->fields[i];
        if (field->kind != P4E_KEY_RANGE)
            continue;
        uint32_t word = field->packed / 8;
        if (field->size <= 8) {
            uint32_t shift = field->packed % 8 * 8;
            uint64_t bits = UINT64_MAX >> (64 - 8 * field->size);
            uint64_t value = key[word] >> shift & bits;
            if (value < (low[word] >> shift & bits) || value > (high[word] >> shift & bits))
                return false;
            continue;
        }
        bool above = false, below = false;
        for (uint32_t w = word + (field->size + 7) / 8; w-- > word && !(above && below);) {
            if ((!above && key[w] < low[w]) || (!below && key[w] > high[w]))
                return false;
            above |= key[w] > low[w];
            below |= key[w] < high[w];
        }
    }
    return true;
}

static inline bool p4e_entry_matches(const p4e_table_spec_t *spec, const p4e_entry_t *entry, const uint64_t *key) {
    const uint64_t *mask = entry->words + spec->words;
    uint64_t differ = 0;
    for (uint32_t w = 0; w < spec->words; w++)
        differ |= (entry->words[w] ^ key[w]) & mask[w];
    return differ == 0 && (spec->ranges == 0 || p4e_in_ranges(spec, entry, key));
}

#endif
