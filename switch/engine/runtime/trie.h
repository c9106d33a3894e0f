/* Longest prefix match: a trie of nodes that decide six bits each (a tree bitmap).
 *
 * A node holds two bitmaps: which prefixes end inside it, and which of its 64 branches go on; behind them lie the
 * children and the entries that the bits stand for. Nodes without branches of their own are left out of a path, so a
 * descent does not compare what it skips: the entries met on the way are compared in full afterwards, longest first.
 * Nodes are immutable but for the pointers to children; a change makes a new node and swaps one pointer.
 *
 * Exact key fields beside the prefix choose the root by a hash index.
 */
#ifndef P4E_TRIE_H
#define P4E_TRIE_H

#include "hash.h"
#include "index.h"
#include "spec.h"
#include "status.h"

#define P4E_STRIDE 6u
#define P4E_TRIE_BITS 128u
#define P4E_TRIE_DEPTH 23u

/* Bits of a prefix, the first one highest. */
typedef struct p4e_bits {
    uint64_t high, low;
} p4e_bits_t;

typedef struct p4e_node {
    uint64_t ends;     /* prefixes of length l within the node: bit 2^l - 1 + value */
    uint64_t branches; /* children by the next six bits */
    uint32_t bit;      /* where the node's six bits begin; a multiple of 6 */
    uint32_t spare;
    p4e_bits_t path;   /* the bits before that; for writers only */
    _Atomic(void *) links[]; /* children, then entries */
} p4e_node_t;

typedef struct p4e_trie {
    _Atomic(p4e_node_t *) root;    /* where there are no exact fields */
    _Atomic(p4e_index_t *) roots;  /* else: entries whose target is the root node */
    uint64_t *exact_mask;          /* the exact fields' bits of the packed key */
    uint32_t word, shift, width;   /* the prefix field in the packed key */
    bool has_exact;
} p4e_trie_t;

static inline __attribute__((always_inline)) unsigned p4e_bits_at(p4e_bits_t bits, unsigned from) {
    if (from <= 64 - P4E_STRIDE)
        return (unsigned)(bits.high << from >> (64 - P4E_STRIDE));
    if (from < 64)
        return (unsigned)((bits.high << from | bits.low >> (64 - from)) >> (64 - P4E_STRIDE));
    return (unsigned)(bits.low << (from - 64) >> (64 - P4E_STRIDE));
}

/* The prefix field of a packed key. */
static inline p4e_bits_t p4e_trie_bits(const p4e_trie_t *trie, const uint64_t *key) {
    uint64_t low = key[trie->word] >> trie->shift;
    if (trie->width <= 64)
        return (p4e_bits_t){low << (64 - trie->width), 0};
    uint64_t high = key[trie->word + 1];
    unsigned gap = P4E_TRIE_BITS - trie->width;
    return gap ? (p4e_bits_t){high << gap | low >> (64 - gap), low << gap} : (p4e_bits_t){high, low};
}

/* The ends that a value of six bits lies under: one for each length, the longest highest. */
static inline uint64_t p4e_ends_of(unsigned value) {
    uint64_t ends = 0;
    for (unsigned length = 0; length < P4E_STRIDE; length++)
        ends |= UINT64_C(1) << ((1u << length) - 1 + (value >> (P4E_STRIDE - length)));
    return ends;
}

static inline unsigned p4e_count_below(uint64_t bitmap, unsigned bit) {
    return (unsigned)__builtin_popcountll(bitmap & ((UINT64_C(1) << bit) - 1));
}

static inline const p4e_node_t *p4e_trie_root(const p4e_trie_t *trie, const uint64_t *key, unsigned words,
                                              uint64_t seed) {
    if (!trie->has_exact)
        return atomic_load_explicit(&trie->root, memory_order_acquire);
    const p4e_index_t *roots = atomic_load_explicit(&trie->roots, memory_order_acquire);
    uint64_t hash = p4e_hash_masked(key, trie->exact_mask, words, seed);
    const p4e_entry_t *root = p4e_index_find(roots, key, trie->exact_mask, words, hash);
    return root ? (const p4e_node_t *)(uintptr_t)atomic_load_explicit(&root->target, memory_order_acquire) : NULL;
}

/* The entry with the longest prefix that `key` lies under. */
static inline p4e_entry_t *p4e_trie_find(const p4e_trie_t *trie, const uint64_t *key, unsigned words, uint64_t seed) {
    p4e_entry_t *met[P4E_TRIE_DEPTH];
    unsigned count = 0;
    p4e_bits_t bits = p4e_trie_bits(trie, key);
    const p4e_node_t *node = p4e_trie_root(trie, key, words, seed);
    while (node) {
        unsigned value = p4e_bits_at(bits, node->bit);
        uint64_t ends = node->ends & p4e_ends_of(value);
        if (ends) {
            unsigned place = 63 - (unsigned)__builtin_clzll(ends);
            unsigned link = (unsigned)__builtin_popcountll(node->branches) + p4e_count_below(node->ends, place);
            p4e_entry_t *entry = atomic_load_explicit(&node->links[link], memory_order_acquire);
            if (P4E_LIKELY(entry != NULL))
                met[count++] = entry;
        }
        if (!(node->branches >> value & 1))
            break;
        node = atomic_load_explicit(&node->links[p4e_count_below(node->branches, value)], memory_order_acquire);
    }
    while (count-- > 0) {
        const p4e_entry_t *entry = met[count];
        uint64_t differ = 0;
        for (unsigned w = 0; w < words; w++)
            differ |= (entry->words[w] ^ key[w]) & entry->words[words + w];
        if (!differ)
            return met[count];
    }
    return NULL;
}

struct p4e_table;
int p4e_trie_open(p4e_trie_t *trie, const p4e_table_spec_t *spec);
void p4e_trie_close(p4e_trie_t *trie);
int p4e_trie_insert(p4e_reclaim_t *reclaim, struct p4e_table *table, p4e_entry_t *entry);
void p4e_trie_remove(p4e_reclaim_t *reclaim, struct p4e_table *table, p4e_entry_t *entry);

#endif
