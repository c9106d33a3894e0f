/* Writing to tries; see trie.h. */
#include "trie.h"

#include <stdlib.h>
#include <string.h>

#include "status.h"
#include "table.h"

/* A node with all its places spread out, for changing it. */
typedef struct trie_spread {
    uint32_t bit;
    p4e_bits_t path;
    void *children[64];
    void *entries[63];
} trie_spread_t;

typedef struct trie_prefix {
    p4e_bits_t bits;
    uint32_t length;
} trie_prefix_t;

typedef _Atomic(void *) trie_slot_t;

int p4e_trie_open(p4e_trie_t *trie, const p4e_table_spec_t *spec) {
    trie->exact_mask = calloc(spec->words, sizeof trie->exact_mask[0]);
    if (!trie->exact_mask)
        return P4E_NO_MEMORY;
    for (uint32_t i = 0; i < spec->field_count; i++) {
        const p4e_field_t *field = &spec->fields[i];
        if (field->kind == P4E_KEY_LPM) {
            trie->word = field->packed / 8;
            trie->shift = field->packed % 8 * 8;
            trie->width = field->width;
            continue;
        }
        trie->has_exact = true;
        memset((uint8_t *)trie->exact_mask + field->packed, 0xff, field->size);
    }
    atomic_init(&trie->roots, p4e_index_new(1));
    return atomic_load(&trie->roots) ? P4E_OK : P4E_NO_MEMORY;
}

static void trie_free_nodes(p4e_node_t *node) {
    if (!node)
        return;
    for (int i = 0; i < __builtin_popcountll(node->branches); i++)
        trie_free_nodes(atomic_load(&node->links[i]));
    free(node);
}

/* Frees nodes and roots, not entries; no packet thread may be running. */
void p4e_trie_close(p4e_trie_t *trie) {
    p4e_index_t *roots = atomic_load(&trie->roots);
    for (uint64_t i = 0; roots && i < (roots->mask + 1) * P4E_BUCKET; i++) {
        uint64_t slot = atomic_load(&roots->slots[i]);
        if (slot <= P4E_SLOT_DEAD)
            continue;
        p4e_entry_t *root = p4e_slot_entry(slot);
        trie_free_nodes((p4e_node_t *)(uintptr_t)atomic_load(&root->target));
        free(root);
    }
    trie_free_nodes(atomic_load(&trie->root));
    free(roots);
    free(trie->exact_mask);
}

static void trie_spread(const p4e_node_t *node, trie_spread_t *out) {
    *out = (trie_spread_t){.bit = node->bit, .path = node->path};
    unsigned link = 0;
    for (uint64_t left = node->branches; left; left &= left - 1)
        out->children[__builtin_ctzll(left)] = atomic_load_explicit(&node->links[link++], memory_order_relaxed);
    for (uint64_t left = node->ends; left; left &= left - 1)
        out->entries[__builtin_ctzll(left)] = atomic_load_explicit(&node->links[link++], memory_order_relaxed);
}

/* A node of what is spread; NULL when there is no memory. */
static p4e_node_t *trie_pack(const trie_spread_t *from) {
    uint64_t branches = 0, ends = 0;
    for (unsigned i = 0; i < 64; i++)
        branches |= (uint64_t)(from->children[i] != NULL) << i;
    for (unsigned i = 0; i < 63; i++)
        ends |= (uint64_t)(from->entries[i] != NULL) << i;
    int links = __builtin_popcountll(branches) + __builtin_popcountll(ends);
    p4e_node_t *node = malloc(sizeof *node + (size_t)links * sizeof node->links[0]);
    if (!node)
        return NULL;
    *node = (p4e_node_t){.ends = ends, .branches = branches, .bit = from->bit, .path = from->path};
    unsigned link = 0;
    for (uint64_t left = branches; left; left &= left - 1)
        atomic_init(&node->links[link++], from->children[__builtin_ctzll(left)]);
    for (uint64_t left = ends; left; left &= left - 1)
        atomic_init(&node->links[link++], from->entries[__builtin_ctzll(left)]);
    return node;
}

static p4e_bits_t trie_cut(p4e_bits_t bits, unsigned length) {
    if (length == 0)
        return (p4e_bits_t){0, 0};
    if (length <= 64)
        return (p4e_bits_t){bits.high & (UINT64_MAX << (64 - length)), 0};
    return (p4e_bits_t){bits.high, length >= 128 ? bits.low : bits.low & (UINT64_MAX << (128 - length))};
}

/* How many leading bits two bit strings share. */
static unsigned trie_common(p4e_bits_t a, p4e_bits_t b) {
    if (a.high != b.high)
        return (unsigned)__builtin_clzll(a.high ^ b.high);
    return a.low != b.low ? 64 + (unsigned)__builtin_clzll(a.low ^ b.low) : 128;
}

static unsigned trie_place(const trie_prefix_t *prefix, unsigned bit) {
    unsigned length = prefix->length - bit;
    return (1u << length) - 1 + (p4e_bits_at(prefix->bits, bit) >> (P4E_STRIDE - length));
}

/* Replaces the node in `slot` by what is spread. */
static int trie_replace(p4e_reclaim_t *reclaim, trie_slot_t *slot, const trie_spread_t *spread) {
    p4e_node_t *fresh = trie_pack(spread);
    if (!fresh)
        return P4E_NO_MEMORY;
    p4e_retire(reclaim, atomic_exchange_explicit(slot, fresh, memory_order_acq_rel));
    return P4E_OK;
}

/* A new node at `bit` in `slot`, above `child` where that is not NULL. */
static int trie_raise(trie_slot_t *slot, const trie_prefix_t *prefix, unsigned bit, p4e_node_t *child) {
    trie_spread_t spread = {.bit = bit, .path = trie_cut(prefix->bits, bit)};
    if (child)
        spread.children[p4e_bits_at(child->path, bit)] = child;
    p4e_node_t *fresh = trie_pack(&spread);
    if (!fresh)
        return P4E_NO_MEMORY;
    atomic_store_explicit(slot, fresh, memory_order_release);
    return P4E_OK;
}

/* Puts `entry` at `prefix` below `slot`; the place is free. */
static int trie_put(p4e_reclaim_t *reclaim, trie_slot_t *slot, const trie_prefix_t *prefix, p4e_entry_t *entry) {
    for (;;) {
        p4e_node_t *node = atomic_load_explicit(slot, memory_order_relaxed);
        unsigned shared = node ? trie_common(prefix->bits, node->path) : prefix->length;
        unsigned reach = shared < prefix->length ? shared : prefix->length;
        if (!node || reach < node->bit) {
            int status = trie_raise(slot, prefix, reach - reach % P4E_STRIDE, node);
            if (status)
                return status;
            continue;
        }
        if (prefix->length < node->bit + P4E_STRIDE) {
            trie_spread_t spread;
            trie_spread(node, &spread);
            spread.entries[trie_place(prefix, node->bit)] = entry;
            return trie_replace(reclaim, slot, &spread);
        }
        unsigned value = p4e_bits_at(prefix->bits, node->bit);
        if (!(node->branches >> value & 1)) {
            unsigned bit = prefix->length - prefix->length % P4E_STRIDE;
            trie_spread_t below = {.bit = bit, .path = trie_cut(prefix->bits, bit)}, spread;
            below.entries[trie_place(prefix, bit)] = entry;
            trie_spread(node, &spread);
            spread.children[value] = trie_pack(&below);
            return spread.children[value] ? trie_replace(reclaim, slot, &spread) : P4E_NO_MEMORY;
        }
        slot = (trie_slot_t *)&node->links[p4e_count_below(node->branches, value)];
    }
}

/* Puts what is left of a node in its place. */
static int trie_settle(p4e_reclaim_t *reclaim, trie_slot_t *slot, const trie_spread_t *spread) {
    void *only = NULL;
    unsigned children = 0, entries = 0;
    for (unsigned i = 0; i < 64; i++)
        if (spread->children[i]) {
            only = spread->children[i];
            children++;
        }
    for (unsigned i = 0; i < 63; i++)
        entries += spread->entries[i] != NULL;
    if (entries || children > 1)
        return trie_replace(reclaim, slot, spread);
    /* Nothing left, or one child: the node goes. */
    p4e_retire(reclaim, atomic_exchange_explicit(slot, only, memory_order_acq_rel));
    return P4E_OK;
}

/* Without memory for a new node: blanks the entry's link, which lookups then skip. */
static void trie_blank(p4e_node_t *node, const trie_prefix_t *prefix) {
    unsigned place = trie_place(prefix, node->bit);
    unsigned link = (unsigned)__builtin_popcountll(node->branches) + p4e_count_below(node->ends, place);
    if (node->ends >> place & 1)
        atomic_store_explicit(&node->links[link], NULL, memory_order_release);
}

/* Takes the entry at `prefix` out of what is below `slot`, and nodes that become needless with it. */
static void trie_take(p4e_reclaim_t *reclaim, trie_slot_t *slot, const trie_prefix_t *prefix) {
    p4e_node_t *node = atomic_load_explicit(slot, memory_order_relaxed);
    if (!node || node->bit > prefix->length)
        return;
    trie_spread_t spread;
    if (prefix->length < node->bit + P4E_STRIDE) {
        trie_spread(node, &spread);
        spread.entries[trie_place(prefix, node->bit)] = NULL;
        if (trie_settle(reclaim, slot, &spread) != P4E_OK)
            trie_blank(node, prefix);
        return;
    }
    unsigned value = p4e_bits_at(prefix->bits, node->bit);
    if (!(node->branches >> value & 1))
        return;
    trie_slot_t *below = (trie_slot_t *)&node->links[p4e_count_below(node->branches, value)];
    p4e_node_t *child = atomic_load_explicit(below, memory_order_relaxed);
    bool one = child->bit <= prefix->length && prefix->length < child->bit + P4E_STRIDE && !child->branches &&
                   __builtin_popcountll(child->ends) == 1;
    if (!one) {
        trie_take(reclaim, below, prefix);
        return;
    }
    trie_spread(node, &spread);
    spread.children[value] = NULL;
    if (trie_settle(reclaim, slot, &spread) == P4E_OK)
        p4e_retire(reclaim, child);
    else
        trie_blank(child, prefix);
}

static trie_prefix_t trie_prefix(const p4e_table_t *table, const p4e_entry_t *entry) {
    const p4e_trie_t *trie = &table->trie;
    p4e_bits_t mask = p4e_trie_bits(trie, entry->words + table->spec->words);
    trie_prefix_t prefix = {.bits = p4e_trie_bits(trie, entry->words)};
    prefix.length = (uint32_t)(__builtin_popcountll(mask.high) + __builtin_popcountll(mask.low));
    prefix.bits = trie_cut(prefix.bits, prefix.length);
    return prefix;
}

/* The slot of the root that the entry's exact fields choose; made where it does not exist. */
static trie_slot_t *trie_root(p4e_reclaim_t *reclaim, p4e_table_t *table, const p4e_entry_t *entry, p4e_entry_t **holder) {
    p4e_trie_t *trie = &table->trie;
    *holder = NULL;
    if (!trie->has_exact)
        return (trie_slot_t *)&trie->root;
    uint32_t words = table->spec->words;
    uint64_t hash = p4e_hash_masked(entry->words, trie->exact_mask, words, table->seed);
    p4e_index_t *roots = atomic_load_explicit(&trie->roots, memory_order_relaxed);
    p4e_entry_t *root = p4e_index_find(roots, entry->words, trie->exact_mask, words, hash);
    if (!root) {
        root = calloc(1, sizeof *root + words * sizeof root->words[0]);
        if (!root)
            return NULL;
        for (uint32_t w = 0; w < words; w++)
            root->words[w] = entry->words[w] & trie->exact_mask[w];
        const p4e_hashing_t hashing = {trie->exact_mask, words, table->seed};
        if (p4e_index_put(reclaim, &trie->roots, &hashing, root, hash) != P4E_OK) {
            free(root);
            return NULL;
        }
    }
    *holder = root;
    return (trie_slot_t *)&root->target;
}

/* Adds an entry that is not yet there. */
int p4e_trie_insert(p4e_reclaim_t *reclaim, p4e_table_t *table, p4e_entry_t *entry) {
    p4e_entry_t *holder;
    trie_slot_t *slot = trie_root(reclaim, table, entry, &holder);
    trie_prefix_t prefix = trie_prefix(table, entry);
    return slot ? trie_put(reclaim, slot, &prefix, entry) : P4E_NO_MEMORY;
}

/* Takes an entry out; the caller retires it. */
void p4e_trie_remove(p4e_reclaim_t *reclaim, p4e_table_t *table, p4e_entry_t *entry) {
    p4e_entry_t *holder;
    trie_slot_t *slot = trie_root(reclaim, table, entry, &holder);
    trie_prefix_t prefix = trie_prefix(table, entry);
    if (!slot)
        return;
    trie_take(reclaim, slot, &prefix);
    if (!holder || atomic_load_explicit(slot, memory_order_relaxed))
        return;
    p4e_trie_t *trie = &table->trie;
    uint64_t hash = p4e_hash_masked(holder->words, trie->exact_mask, table->spec->words, table->seed);
    p4e_index_remove(atomic_load_explicit(&trie->roots, memory_order_relaxed), hash, holder);
    p4e_retire(reclaim, holder);
}
