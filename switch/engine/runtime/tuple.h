/* Tuple space search: for ternary entries beyond what blocks hold, and for prefixes wider than a trie takes.
 *
 * A tuple is a mask and a hash index of the entries under it. Every entry lies in a tuple whose mask it fully covers;
 * usually the mask is its own. Where masks are many, entries share tuples with coarser masks: then the entries of one
 * hash place form a chain, best first, and are compared in full. Ranges take part with the bits that both bounds have
 * in common, and are compared in full too, so nothing explodes. A lookup visits the tuples best first and stops when
 * no later one can win.
 */
#ifndef P4E_TUPLE_H
#define P4E_TUPLE_H

#include "hash.h"
#include "index.h"
#include "match.h"
#include "spec.h"

typedef struct p4e_tuple {
    _Atomic(p4e_index_t *) index;
    _Atomic uint64_t best; /* no entry here has a larger rank */
    uint64_t entries;
    uint32_t bits;       /* of the mask */
    bool exact;          /* all entries have this very mask and no ranges */
    uint64_t mask[];
} p4e_tuple_t;

/* The tuples of a table. Immutable but for the tuples themselves. */
typedef struct p4e_tuples {
    uint32_t count;
    p4e_tuple_t *list[];
} p4e_tuples_t;

/* The best entry for `key`, or `found` where that is better. */
static inline p4e_entry_t *p4e_tuples_find(const p4e_tuples_t *tuples, const p4e_table_spec_t *spec,
                                           const uint64_t *key, unsigned words, uint64_t seed, p4e_entry_t *found) {
    for (uint32_t i = 0; i < tuples->count; i++) {
        const p4e_tuple_t *tuple = tuples->list[i];
        uint64_t best = atomic_load_explicit(&tuple->best, memory_order_acquire);
        if (found && best <= found->rank)
            continue;
        uint64_t hash = p4e_hash_masked(key, tuple->mask, words, seed);
        const p4e_index_t *index = atomic_load_explicit(&tuple->index, memory_order_acquire);
        p4e_entry_t *entry = p4e_index_find(index, key, tuple->mask, words, hash);
        if (!tuple->exact)
            while (entry && !p4e_entry_matches(spec, entry, key))
                entry = p4e_entry_next(entry);
        if (entry && (!found || entry->rank > found->rank))
            found = entry;
    }
    return found;
}

/* The longest prefix: tuples are sorted, the first hit wins. */
static inline p4e_entry_t *p4e_tuples_longest(const p4e_tuples_t *tuples, const uint64_t *key, unsigned words,
                                              uint64_t seed) {
    for (uint32_t i = 0; i < tuples->count; i++) {
        const p4e_tuple_t *tuple = tuples->list[i];
        uint64_t hash = p4e_hash_masked(key, tuple->mask, words, seed);
        const p4e_index_t *index = atomic_load_explicit(&tuple->index, memory_order_acquire);
        p4e_entry_t *entry = p4e_index_find(index, key, tuple->mask, words, hash);
        if (entry)
            return entry;
    }
    return NULL;
}

struct p4e_table;
int p4e_tuple_insert(p4e_reclaim_t *reclaim, struct p4e_table *table, p4e_entry_t *entry);
void p4e_tuple_remove(p4e_reclaim_t *reclaim, struct p4e_table *table, p4e_entry_t *entry);

#endif
