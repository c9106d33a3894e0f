/* Ternary and range match by bitmaps.
 *
 * Entries lie in blocks of 512. For each four bits of the key a block has 16 rows of 512 bits: which entries accept
 * that value there. A lookup takes one row for each four bits and ANDs them all; what is left has matched. So the cost
 * does not depend on what the masks look like: a block costs one cache line for each four bits of key at most, and
 * mostly far less, because few rows usually leave nothing. Ranges take part with the rows of their leading bits and
 * are compared afterwards. Each block has a span of ranks to itself and the best block comes first, so the first block
 * with a match decides; a full block is split in two.
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
    uint64_t floor;       /* ranks here are above it; for writers */
    uint32_t used, count; /* places ever used; entries */
    _Atomic(p4e_entry_t *) entries[P4E_BLOCK];
    uint64_t freed[P4E_BLOCK]; /* phase in which the place was freed, + 1; for writers */
    p4e_row_t rows[] __attribute__((aligned(64))); /* [nibble][16] */
} p4e_block_t;

typedef struct p4e_nibble {
    uint16_t word, shift;
} p4e_nibble_t;

/* The blocks of a table, best first, and the order in which rows decide soonest. Immutable but for the blocks. */
typedef struct p4e_blocks {
    uint32_t count;
    uint16_t order[P4E_NIBBLES_MAX];
    p4e_block_t *list[];
} p4e_blocks_t;

/* The four-bit parts of a key. */
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

/* The best entry for `key`. */
static inline p4e_entry_t *p4e_blocks_find(const p4e_blocks_t *blocks, const p4e_nibbles_t *nibbles,
                                           const p4e_table_spec_t *spec, const uint64_t *key) {
    uint32_t rows[P4E_NIBBLES_MAX];
    uint32_t count = nibbles->count;
    if (blocks->count == 0)
        return NULL;
    for (uint32_t i = 0; i < count; i++) {
        p4e_nibble_t nibble = nibbles->list[blocks->order[i]];
        rows[i] = blocks->order[i] * 16u + (key[nibble.word] >> nibble.shift & 15);
    }
    for (uint32_t b = 0; b < blocks->count; b++) {
        const p4e_block_t *block = blocks->list[b];
        p4e_row_t row = *(const volatile p4e_row_t *)&block->live;
        atomic_signal_fence(memory_order_acquire);
        uint32_t i = 0;
        for (; i + 2 < count; i += 3) {
            row &= block->rows[rows[i]] & block->rows[rows[i + 1]] & block->rows[rows[i + 2]];
            if (!p4e_row_any(row))
                goto next;
        }
        for (; i < count; i++)
            row &= block->rows[rows[i]];
        if (p4e_row_any(row)) {
            p4e_entry_t *found = p4e_block_pick(block, row, spec, key, NULL);
            if (found)
                return found;
        }
    next:;
    }
    return NULL;
}

struct p4e_table;
p4e_nibbles_t *p4e_nibbles_new(const p4e_table_spec_t *spec);
int p4e_blocks_insert(p4e_reclaim_t *reclaim, struct p4e_table *table, p4e_entry_t *entry);
bool p4e_blocks_remove(p4e_reclaim_t *reclaim, struct p4e_table *table, p4e_entry_t *entry);

#endif
