/* Ternary and range match by bitmaps.
 *
 * Entries lie in blocks of 512. For each four bits of the key a block has 16 rows of 512 bits: which entries accept
 * that value there. A lookup takes one row for each four bits and ANDs them all; what is left has matched. So the cost
 * does not depend on what the masks look like: a block costs one cache line for each four bits of key at most, and
 * mostly far less, because few rows usually leave nothing. Ranges take part with the rows of their leading bits and
 * are compared afterwards. Blocks whose best rank cannot win are skipped.
 *
 * An entry's bits are set before its live bit, and its place is used again only when no reader can hold it.
 */
#ifndef P4E_BLOCKS_H
#define P4E_BLOCKS_H

#include "entry.h"
#include "match.h"
#include "reclaim.h"

#define P4E_BLOCK 512u
#define P4E_ROW (P4E_BLOCK / 64)
#define P4E_BLOCKS_MAX 64u
#define P4E_NIBBLES_MAX 512u

typedef uint64_t p4e_row_t __attribute__((vector_size(P4E_BLOCK / 8)));

typedef struct p4e_block {
    p4e_row_t live;
    _Atomic uint64_t best; /* no live entry here has a larger rank */
    uint32_t used, count;  /* places ever used; entries */
    _Atomic(p4e_entry_t *) entries[P4E_BLOCK];
    uint64_t freed[P4E_BLOCK]; /* phase in which the place was freed, + 1; for writers */
    p4e_row_t rows[] __attribute__((aligned(64))); /* [nibble][16] */
} p4e_block_t;

typedef struct p4e_nibble {
    uint16_t word, shift;
} p4e_nibble_t;

/* The blocks of a table, best first. Immutable but for the blocks themselves. */
typedef struct p4e_blocks {
    uint32_t count;
    p4e_block_t *list[];
} p4e_blocks_t;

/* What is constant about a table's blocks. */
typedef struct p4e_nibbles {
    uint32_t count;
    p4e_nibble_t list[];
} p4e_nibbles_t;

static inline bool p4e_row_any(p4e_row_t row) {
    return (row[0] | row[1] | row[2] | row[3] | row[4] | row[5] | row[6] | row[7]) != 0;
}

/* Looks at the candidates of one block. */
static inline p4e_entry_t *p4e_block_pick(const p4e_block_t *block, p4e_row_t row, const p4e_table_spec_t *spec,
                                          const uint64_t *key, p4e_entry_t *found) {
    for (unsigned w = 0; w < P4E_ROW; w++)
        for (uint64_t left = row[w]; left; left &= left - 1) {
            unsigned place = w * 64 + (unsigned)__builtin_ctzll(left);
            p4e_entry_t *entry = atomic_load_explicit(&block->entries[place], memory_order_acquire);
            if (found && entry->rank <= found->rank)
                continue;
            if (spec->ranges == 0 || p4e_in_ranges(spec, entry, key))
                found = entry;
        }
    return found;
}

/* The best entry for `key` that beats `found`. */
static inline p4e_entry_t *p4e_blocks_find(const p4e_blocks_t *blocks, const p4e_nibbles_t *nibbles,
                                           const p4e_table_spec_t *spec, const uint64_t *key) {
    uint8_t values[P4E_NIBBLES_MAX];
    p4e_entry_t *found = NULL;
    if (blocks->count == 0)
        return NULL;
    for (uint32_t i = 0; i < nibbles->count; i++)
        values[i] = key[nibbles->list[i].word] >> nibbles->list[i].shift & 15;
    for (uint32_t b = 0; b < blocks->count; b++) {
        const p4e_block_t *block = blocks->list[b];
        if (found && atomic_load_explicit(&block->best, memory_order_acquire) <= found->rank)
            continue;
        p4e_row_t row = *(const volatile p4e_row_t *)&block->live;
        atomic_signal_fence(memory_order_acquire);
        for (uint32_t i = 0; i < nibbles->count && p4e_row_any(row); i++)
            row &= block->rows[i * 16 + values[i]];
        if (p4e_row_any(row))
            found = p4e_block_pick(block, row, spec, key, found);
    }
    return found;
}

struct p4e_table;
p4e_nibbles_t *p4e_nibbles_new(const p4e_table_spec_t *spec);
int p4e_blocks_insert(p4e_reclaim_t *reclaim, struct p4e_table *table, p4e_entry_t *entry);
bool p4e_blocks_remove(p4e_reclaim_t *reclaim, struct p4e_table *table, p4e_entry_t *entry);

#endif
