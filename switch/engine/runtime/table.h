/* A match-action table: its index for packets, its slots for the control plane. */
#ifndef P4E_TABLE_H
#define P4E_TABLE_H

#include "blocks.h"
#include "index.h"
#include "ranged.h"
#include "trie.h"
#include "tuple.h"

/* What the control plane knows about an entry. A handle is generation << 32 | slot. */
typedef struct p4e_slot {
    p4e_entry_t *entry; /* NULL: free */
    uint64_t idle_us;   /* 0: never */
    uint64_t told;      /* when its idle timeout was last told, microseconds */
    uint32_t generation;
    uint32_t flags;
    uint32_t free_next; /* slot + 1 */
} p4e_slot_t;

typedef struct p4e_table {
    const p4e_table_spec_t *spec;
    uint64_t seed;
    _Atomic(p4e_index_t *) index;           /* of all the entries' words; in exact tables packets use it too */
    p4e_trie_t trie;                        /* LPM tables, unless the prefix is too wide */
    _Atomic(p4e_blocks_t *) blocks;         /* ternary tables */
    p4e_nibbles_t *nibbles;
    p4e_ranged_t ranged;                    /* entries of ternary tables that have one range, where they are many */
    _Atomic(p4e_tuples_t *) tuples;         /* what does not fit the others */
    _Atomic(const p4e_call_t *) fallback;   /* the default action; NULL: none */
    _Atomic uint64_t hits, misses;
    p4e_slot_t *slots;
    uint64_t count, slots_used, slots_room;
    uint32_t free_slot; /* slot + 1; 0: none */
    uint32_t sequence;
    uint64_t *popular; /* how many entries match on each bit of the packed key; ternary tables */
} p4e_table_t;

static inline __attribute__((always_inline)) p4e_entry_t *p4e_table_exact(const p4e_table_t *table,
                                                                          const uint64_t *key, unsigned words) {
    const p4e_index_t *index = atomic_load_explicit(&table->index, memory_order_acquire);
    return p4e_index_find(index, key, NULL, words, p4e_hash(key, words, table->seed));
}

static inline __attribute__((always_inline)) p4e_entry_t *p4e_table_longest(const p4e_table_t *table,
                                                                            const uint64_t *key, unsigned words) {
    if (P4E_LIKELY(table->trie.exact_mask != NULL))
        return p4e_trie_find(&table->trie, key, words, table->seed);
    return p4e_tuples_longest(atomic_load_explicit(&table->tuples, memory_order_acquire), key, words, table->seed);
}

static inline __attribute__((always_inline)) p4e_entry_t *p4e_table_best(const p4e_table_t *table, const uint64_t *key,
                                                                         unsigned words) {
    const p4e_blocks_t *blocks = atomic_load_explicit(&table->blocks, memory_order_acquire);
    const p4e_tuples_t *tuples = atomic_load_explicit(&table->tuples, memory_order_acquire);
    p4e_entry_t *found = p4e_blocks_find(blocks, table->nibbles, table->spec, key);
    if (P4E_UNLIKELY(tuples->count != 0))
        found = p4e_tuples_find(tuples, table->spec, key, words, table->seed, found);
    return p4e_ranged_find(&table->ranged, key, words, table->seed, found); /* last: entries move there */
}

/* Number of words an entry of this table carries: key, mask, upper bounds, priority. */
static inline uint32_t p4e_entry_words(const p4e_table_spec_t *spec) {
    if (spec->kind == P4E_TABLE_TERNARY)
        return spec->words * (spec->ranges ? 3 : 2) + 1;
    return spec->words * (spec->kind == P4E_TABLE_LPM ? 2 : 1);
}

/* The entry with the same words. */
static inline p4e_entry_t *p4e_table_same(const p4e_table_t *table, const p4e_entry_t *wanted) {
    return p4e_table_exact(table, wanted->words, p4e_entry_words(table->spec));
}

int p4e_table_open(p4e_table_t *table, const p4e_table_spec_t *spec, uint64_t seed);
void p4e_table_close(p4e_table_t *table);

#endif
