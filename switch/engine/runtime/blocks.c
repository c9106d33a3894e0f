/* Writing to blocks; see blocks.h. */
#include "blocks.h"

#include <stdlib.h>
#include <string.h>

#include "status.h"
#include "table.h"

/* Where the four-bit parts of a key lie in its packed words. */
p4e_nibbles_t *p4e_nibbles_new(const p4e_table_spec_t *spec) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < spec->field_count; i++)
        count += (spec->fields[i].width + 3) / 4;
    if (count > P4E_NIBBLES_MAX)
        count = 0; /* too wide: everything goes to the tuples */
    p4e_nibbles_t *nibbles = malloc(sizeof *nibbles + count * sizeof nibbles->list[0]);
    if (!nibbles)
        return NULL;
    nibbles->count = 0;
    for (uint32_t i = 0; i < spec->field_count && count; i++) {
        const p4e_field_t *field = &spec->fields[i];
        /* From the top: prefixes and ranges decide most with their first bits. */
        for (uint32_t n = (field->width + 3) / 4; n-- > 0;) {
            uint32_t bit = field->packed * 8 + n * 4;
            nibbles->list[nibbles->count++] = (p4e_nibble_t){(uint16_t)(bit / 64), (uint16_t)(bit % 64)};
        }
    }
    return nibbles;
}

static uint64_t *blocks_word(p4e_row_t *row, uint32_t place) {
    return (uint64_t *)row + place / 64;
}

static void blocks_set(p4e_row_t *row, uint32_t place, bool on) {
    uint64_t *word = blocks_word(row, place), bit = UINT64_C(1) << place % 64;
    uint64_t value = __atomic_load_n(word, __ATOMIC_RELAXED);
    __atomic_store_n(word, on ? value | bit : value & ~bit, __ATOMIC_RELEASE);
}

static p4e_block_t *block_new(uint32_t nibbles) {
    p4e_block_t *block = NULL;
    size_t bytes = sizeof *block + (size_t)nibbles * 16 * sizeof block->rows[0];
    if (posix_memalign((void **)&block, P4E_BLOCK, bytes) != 0)
        return NULL;
    memset(block, 0, bytes);
    return block;
}

static p4e_blocks_t *blocks_of(const p4e_table_t *table) {
    return atomic_load_explicit(&table->blocks, memory_order_relaxed);
}

/* The values of one nibble that the entry accepts, as a bitmap. In a range field whose bounds have been equal so far
 * those are all between the bounds'; what this lets through too many is compared in full later. */
static uint32_t blocks_accept(const p4e_table_spec_t *spec, const p4e_entry_t *entry, p4e_nibble_t nibble, bool ranged) {
    const uint64_t *word = entry->words + nibble.word;
    uint64_t value = word[0] >> nibble.shift & 15, mask = word[spec->words] >> nibble.shift & 15;
    uint64_t high = ranged ? word[2 * spec->words] >> nibble.shift & 15 : 0;
    uint32_t accepted = 0;
    for (uint64_t v = 0; v < 16; v++)
        if (ranged ? v >= value && v <= high : ((v ^ value) & mask) == 0)
            accepted |= 1u << v;
    return accepted;
}

static void blocks_write(const p4e_table_t *table, p4e_block_t *block, uint32_t place, const p4e_entry_t *entry) {
    const p4e_table_spec_t *spec = table->spec;
    uint32_t at = 0;
    for (uint32_t i = 0; i < spec->field_count; i++) {
        bool ranged = spec->fields[i].kind == P4E_KEY_RANGE, open = false;
        for (uint32_t n = (spec->fields[i].width + 3) / 4; n-- > 0; at++) {
            p4e_nibble_t nibble = table->nibbles->list[at];
            uint32_t accepted = open ? 0xffff : blocks_accept(spec, entry, nibble, ranged);
            /* Once a range's bounds have parted, the bits below do not decide. */
            uint64_t differ = ranged ? entry->words[nibble.word] ^ entry->words[2 * spec->words + nibble.word] : 0;
            open |= (differ >> nibble.shift & 15) != 0;
            for (uint32_t v = 0; v < 16; v++)
                blocks_set(&block->rows[at * 16 + v], place, accepted >> v & 1);
        }
    }
}

/* The nibbles that most entries match on first; of equals, those that lead their fields. */
static void blocks_order(const p4e_table_t *table, uint16_t *order) {
    const p4e_nibbles_t *nibbles = table->nibbles;
    uint64_t weight[P4E_NIBBLES_MAX];
    uint32_t at = 0;
    for (uint32_t i = 0; i < table->spec->field_count && nibbles->count; i++)
        for (uint32_t n = 0; n < (table->spec->fields[i].width + 3) / 4; n++, at++) {
            uint32_t bit = nibbles->list[at].word * 64u + nibbles->list[at].shift;
            uint64_t popular = 0;
            for (uint32_t k = 0; k < 4; k++)
                popular += table->popular[bit + k];
            weight[at] = popular / (table->count / 8 + 1) * 1024 + 1023 - (n < 1023 ? n : 1023);
        }
    for (uint32_t i = 0; i < nibbles->count; i++) {
        uint32_t place = i;
        for (; place > 0 && weight[order[place - 1]] < weight[i]; place--)
            order[place] = order[place - 1];
        order[place] = (uint16_t)i;
    }
}

/* Publishes the blocks with `gone` (where not NULL) replaced by `count` others. */
static int blocks_publish(p4e_reclaim_t *reclaim, p4e_table_t *table, const p4e_block_t *gone, p4e_block_t **others,
                          uint32_t count) {
    p4e_blocks_t *old = blocks_of(table);
    p4e_blocks_t *fresh = malloc(sizeof *fresh + (old->count + count) * sizeof fresh->list[0]);
    if (!fresh)
        return P4E_NO_MEMORY;
    fresh->count = 0;
    if (!gone)
        for (uint32_t k = 0; k < count; k++)
            fresh->list[fresh->count++] = others[k];
    for (uint32_t i = 0; i < old->count; i++) {
        if (old->list[i] != gone)
            fresh->list[fresh->count++] = old->list[i];
        for (uint32_t k = 0; old->list[i] == gone && k < count; k++)
            fresh->list[fresh->count++] = others[k];
    }
    if (fresh->count)
        fresh->list[fresh->count - 1]->floor = 0;
    blocks_order(table, fresh->order);
    atomic_store_explicit(&table->blocks, fresh, memory_order_release);
    p4e_retire(reclaim, old);
    return P4E_OK;
}

static bool block_place(const p4e_reclaim_t *reclaim, p4e_block_t *block, uint32_t *place) {
    if (block->used < P4E_BLOCK) {
        *place = block->used++;
        return true;
    }
    if (block->count > P4E_BLOCK * 7 / 8)
        return false;
    uint64_t now = atomic_load_explicit(&reclaim->phase, memory_order_acquire);
    for (uint32_t i = 0; i < P4E_BLOCK; i++)
        if (block->freed[i] && (!(now & 1) || block->freed[i] != now + 1)) {
            block->freed[i] = 0;
            *place = i;
            return true;
        }
    return false;
}

static void block_put(const p4e_table_t *table, p4e_block_t *block, uint32_t place, p4e_entry_t *entry) {
    blocks_write(table, block, place, entry);
    atomic_store_explicit(&block->entries[place], entry, memory_order_release);
    block->count++;
    blocks_set(&block->live, place, true);
    entry->place = (uint64_t)(uintptr_t)block | place; /* blocks are aligned to their number of places */
}

static int blocks_by_rank(const void *a, const void *b) {
    uint64_t x = (*(p4e_entry_t *const *)a)->rank, y = (*(p4e_entry_t *const *)b)->rank;
    return (x < y) - (x > y);
}

/* Divides a full block between two. */
static int blocks_split(p4e_reclaim_t *reclaim, p4e_table_t *table, p4e_block_t *block) {
    p4e_entry_t *entries[P4E_BLOCK];
    uint32_t count = 0;
    for (uint32_t i = 0; i < P4E_BLOCK; i++)
        if (*blocks_word(&block->live, i) >> i % 64 & 1)
            entries[count++] = atomic_load_explicit(&block->entries[i], memory_order_relaxed);
    qsort(entries, count, sizeof entries[0], blocks_by_rank);
    p4e_block_t *halves[2] = {block_new(table->nibbles->count), block_new(table->nibbles->count)};
    uint32_t middle = count / 2;
    for (uint32_t i = 0; halves[0] && halves[1] && i < count; i++)
        block_put(table, halves[i >= middle], halves[i >= middle]->used++, entries[i]);
    if (halves[0] && halves[1]) {
        halves[0]->floor = entries[middle]->rank;
        halves[1]->floor = block->floor;
    }
    if (!halves[0] || !halves[1] || blocks_publish(reclaim, table, block, halves, 2) != P4E_OK) {
        for (uint32_t i = 0; i < P4E_BLOCK; i++) {
            p4e_entry_t *entry = atomic_load_explicit(&block->entries[i], memory_order_relaxed);
            if (*blocks_word(&block->live, i) >> i % 64 & 1)
                entry->place = (uint64_t)(uintptr_t)block | i;
        }
        free(halves[0]);
        free(halves[1]);
        return P4E_NO_MEMORY;
    }
    p4e_retire(reclaim, block);
    return P4E_OK;
}

/* Adds an entry; P4E_FULL when it must go elsewhere. */
int p4e_blocks_insert(p4e_reclaim_t *reclaim, p4e_table_t *table, p4e_entry_t *entry) {
    if (table->nibbles->count == 0)
        return P4E_FULL;
    for (;;) {
        p4e_blocks_t *blocks = blocks_of(table);
        p4e_block_t *block = NULL;
        for (uint32_t i = 0; i < blocks->count && !block; i++)
            if (entry->rank > blocks->list[i]->floor)
                block = blocks->list[i];
        uint32_t place;
        if (block && block_place(reclaim, block, &place)) {
            block_put(table, block, place, entry);
            return P4E_OK;
        }
        if (blocks->count == P4E_BLOCKS_MAX)
            return P4E_FULL;
        if (block && blocks_split(reclaim, table, block) != P4E_OK)
            return P4E_NO_MEMORY;
        if (!block && (!(block = block_new(table->nibbles->count)) ||
                       blocks_publish(reclaim, table, NULL, &block, 1) != P4E_OK)) {
            free(block);
            return P4E_NO_MEMORY;
        }
    }
}

/* Takes an entry out; false when it does not lie in a block. The caller retires it. */
bool p4e_blocks_remove(p4e_reclaim_t *reclaim, p4e_table_t *table, p4e_entry_t *entry) {
    if (!entry->place)
        return false;
    p4e_block_t *block = (p4e_block_t *)(uintptr_t)(entry->place & ~(uint64_t)(P4E_BLOCK - 1));
    uint32_t place = (uint32_t)(entry->place & (P4E_BLOCK - 1));
    blocks_set(&block->live, place, false);
    atomic_thread_fence(memory_order_seq_cst);
    block->freed[place] = atomic_load_explicit(&reclaim->phase, memory_order_acquire) + 1;
    if (--block->count == 0 && blocks_publish(reclaim, table, block, NULL, 0) == P4E_OK)
        p4e_retire(reclaim, block);
    return true;
}
