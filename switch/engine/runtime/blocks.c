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

/* Publishes the blocks sorted by their best ranks, with one added or one gone. */
static int blocks_publish(p4e_reclaim_t *reclaim, p4e_table_t *table, p4e_block_t *added, const p4e_block_t *gone) {
    p4e_blocks_t *old = blocks_of(table);
    p4e_blocks_t *fresh = malloc(sizeof *fresh + (old->count + 1) * sizeof fresh->list[0]);
    if (!fresh)
        return P4E_NO_MEMORY;
    fresh->count = 0;
    for (uint32_t i = 0; i <= old->count; i++) {
        p4e_block_t *block = i < old->count ? old->list[i] : added;
        if (!block || block == gone)
            continue;
        uint32_t at = fresh->count++;
        for (; at > 0 && atomic_load(&fresh->list[at - 1]->best) < atomic_load(&block->best); at--)
            fresh->list[at] = fresh->list[at - 1];
        fresh->list[at] = block;
    }
    atomic_store_explicit(&table->blocks, fresh, memory_order_release);
    p4e_retire(reclaim, old);
    return P4E_OK;
}

static bool block_place(const p4e_reclaim_t *reclaim, p4e_block_t *block, uint32_t *place) {
    if (block->used < P4E_BLOCK) {
        *place = block->used++;
        return true;
    }
    if (block->count == P4E_BLOCK)
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

/* A block with a free place; NULL when all are full and there may be no more. */
static p4e_block_t *blocks_room(p4e_reclaim_t *reclaim, p4e_table_t *table, uint32_t *place) {
    p4e_blocks_t *blocks = blocks_of(table);
    for (uint32_t i = blocks->count; i-- > 0;)
        if (block_place(reclaim, blocks->list[i], place))
            return blocks->list[i];
    if (blocks->count == P4E_BLOCKS_MAX || table->nibbles->count == 0)
        return NULL;
    p4e_block_t *block = block_new(table->nibbles->count);
    if (block && blocks_publish(reclaim, table, block, NULL) != P4E_OK) {
        free(block);
        return NULL;
    }
    if (block)
        *place = block->used++;
    return block;
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

/* Adds an entry; P4E_FULL when it must go elsewhere. */
int p4e_blocks_insert(p4e_reclaim_t *reclaim, p4e_table_t *table, p4e_entry_t *entry) {
    uint32_t place;
    p4e_block_t *block = blocks_room(reclaim, table, &place);
    if (!block)
        return P4E_FULL;
    blocks_write(table, block, place, entry);
    atomic_store_explicit(&block->entries[place], entry, memory_order_release);
    if (entry->rank > atomic_load_explicit(&block->best, memory_order_relaxed))
        atomic_store_explicit(&block->best, entry->rank, memory_order_release);
    block->count++;
    blocks_set(&block->live, place, true);
    entry->place = (uint64_t)(uintptr_t)block | place; /* blocks are aligned to their number of places */
    return P4E_OK;
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
    if (--block->count == 0 && blocks_publish(reclaim, table, NULL, block) == P4E_OK)
        p4e_retire(reclaim, block);
    return true;
}
