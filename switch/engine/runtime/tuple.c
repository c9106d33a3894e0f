/* Writing to tuple spaces; see tuple.h. */
#include "tuple.h"

#include <stdlib.h>
#include <string.h>

#include "status.h"
#include "table.h"

/* Up to this many tuples every mask has its own; beyond, masks share. */
#define TUPLE_PLENTY 64u
/* A chain longer than this makes a finer tuple worth while. */
#define TUPLE_CHAIN 24u

static const uint64_t *tuple_mask_of(const p4e_table_t *table, const p4e_entry_t *entry) {
    return entry->words + table->spec->words;
}

static bool tuple_covers(const p4e_tuple_t *tuple, const uint64_t *mask, uint32_t words) {
    for (uint32_t w = 0; w < words; w++)
        if (tuple->mask[w] & ~mask[w])
            return false;
    return true;
}

static uint32_t tuple_bits(const uint64_t *mask, uint32_t words) {
    uint32_t bits = 0;
    for (uint32_t w = 0; w < words; w++)
        bits += (uint32_t)__builtin_popcountll(mask[w]);
    return bits;
}

static uint64_t tuple_hash(const p4e_table_t *table, const p4e_tuple_t *tuple, const p4e_entry_t *entry) {
    return p4e_hash_masked(entry->words, tuple->mask, table->spec->words, table->seed);
}

static p4e_entry_t *tuple_head(const p4e_table_t *table, const p4e_tuple_t *tuple, const p4e_entry_t *entry) {
    const p4e_index_t *index = atomic_load_explicit(&tuple->index, memory_order_relaxed);
    return p4e_index_find(index, entry->words, tuple->mask, table->spec->words, tuple_hash(table, tuple, entry));
}

static uint32_t tuple_chain(const p4e_table_t *table, const p4e_tuple_t *tuple, const p4e_entry_t *entry) {
    uint32_t length = 0;
    for (const p4e_entry_t *e = tuple_head(table, tuple, entry); e && length <= TUPLE_CHAIN; e = p4e_entry_next(e))
        length++;
    return length;
}

static p4e_tuples_t *tuples_of(const p4e_table_t *table) {
    return atomic_load_explicit(&table->tuples, memory_order_relaxed);
}

/* Publishes a list of tuples, finest first in LPM tables, best first in others. */
static int tuples_publish(p4e_reclaim_t *reclaim, p4e_table_t *table, p4e_tuple_t *added, const p4e_tuple_t *gone) {
    const p4e_tuples_t *old = tuples_of(table);
    p4e_tuples_t *fresh = malloc(sizeof *fresh + (old->count + 1) * sizeof fresh->list[0]);
    if (!fresh)
        return P4E_NO_MEMORY;
    uint32_t count = 0;
    for (uint32_t i = 0; i < old->count; i++) {
        p4e_tuple_t *tuple = old->list[i];
        if (tuple == gone)
            continue;
        if (added && table->spec->kind == P4E_TABLE_LPM && tuple->bits < added->bits) {
            fresh->list[count++] = added;
            added = NULL;
        }
        fresh->list[count++] = tuple;
    }
    if (added)
        fresh->list[count++] = added;
    fresh->count = count;
    atomic_store_explicit(&table->tuples, fresh, memory_order_release);
    p4e_retire(reclaim, (void *)(uintptr_t)old);
    return P4E_OK;
}

static void tuple_free(p4e_reclaim_t *reclaim, p4e_tuple_t *tuple) {
    p4e_retire(reclaim, atomic_load_explicit(&tuple->index, memory_order_relaxed));
    p4e_retire(reclaim, tuple);
}

static p4e_tuple_t *tuple_new(p4e_reclaim_t *reclaim, p4e_table_t *table, const uint64_t *mask) {
    uint32_t words = table->spec->words;
    p4e_tuple_t *tuple = calloc(1, sizeof *tuple + words * sizeof mask[0]);
    p4e_index_t *index = tuple ? p4e_index_new(1) : NULL;
    if (!index) {
        free(tuple);
        return NULL;
    }
    memcpy(tuple->mask, mask, words * sizeof mask[0]);
    tuple->bits = tuple_bits(mask, words);
    tuple->exact = true;
    atomic_init(&tuple->index, index);
    if (tuples_publish(reclaim, table, tuple, NULL) != 0) {
        free(index);
        free(tuple);
        return NULL;
    }
    return tuple;
}

/* The mask with only its `bits` most popular bits left: those that most other entries match on too. */
static void tuple_relax(const p4e_table_t *table, const uint64_t *mask, uint32_t bits, uint64_t *relaxed) {
    uint32_t words = table->spec->words;
    memset(relaxed, 0, words * sizeof *relaxed);
    for (uint32_t taken = 0; taken < bits; taken++) {
        uint32_t best = UINT32_MAX;
        for (uint32_t w = 0; w < words; w++)
            for (uint64_t left = mask[w] & ~relaxed[w]; left; left &= left - 1) {
                uint32_t bit = w * 64 + (uint32_t)__builtin_ctzll(left);
                if (best == UINT32_MAX || table->popular[bit] > table->popular[best])
                    best = bit;
            }
        if (best == UINT32_MAX)
            return;
        relaxed[best / 64] |= UINT64_C(1) << best % 64;
    }
}

static p4e_tuple_t *tuple_with_mask(const p4e_table_t *table, const uint64_t *mask) {
    const p4e_tuples_t *tuples = tuples_of(table);
    size_t bytes = table->spec->words * sizeof mask[0];
    for (uint32_t i = 0; i < tuples->count; i++)
        if (memcmp(tuples->list[i]->mask, mask, bytes) == 0)
            return tuples->list[i];
    return NULL;
}

/* The finest tuple that the entry may share without making its chain long. */
static p4e_tuple_t *tuple_shared(const p4e_table_t *table, const p4e_entry_t *entry, p4e_tuple_t **any) {
    const p4e_tuples_t *tuples = tuples_of(table);
    const uint64_t *mask = tuple_mask_of(table, entry);
    p4e_tuple_t *best = NULL;
    uint32_t shortest = UINT32_MAX;
    for (uint32_t i = 0; i < tuples->count; i++) {
        p4e_tuple_t *tuple = tuples->list[i];
        if (!tuple_covers(tuple, mask, table->spec->words))
            continue;
        uint32_t chain = tuple_chain(table, tuple, entry);
        if (chain < TUPLE_CHAIN && (!best || tuple->bits > best->bits))
            best = tuple;
        if (chain < shortest) {
            shortest = chain;
            *any = tuple;
        }
    }
    return best;
}

static p4e_tuple_t *tuple_choose(p4e_reclaim_t *reclaim, p4e_table_t *table, const p4e_entry_t *entry) {
    const uint64_t *mask = tuple_mask_of(table, entry);
    p4e_tuple_t *found = tuple_with_mask(table, mask);
    if (found && (table->spec->kind == P4E_TABLE_LPM || tuple_chain(table, found, entry) < TUPLE_CHAIN))
        return found;
    if (table->spec->kind == P4E_TABLE_LPM || tuples_of(table)->count < TUPLE_PLENTY)
        return found ? found : tuple_new(reclaim, table, mask);
    p4e_tuple_t *any = NULL;
    p4e_tuple_t *shared = tuple_shared(table, entry, &any);
    if (shared)
        return shared;
    uint32_t all = tuple_bits(mask, table->spec->words);
    uint64_t *relaxed = malloc(table->spec->words * sizeof *relaxed);
    p4e_tuple_t *made = NULL;
    for (uint32_t bits = 8; relaxed && !made; bits *= 2) {
        tuple_relax(table, mask, bits, relaxed);
        if (!tuple_with_mask(table, relaxed))
            made = tuple_new(reclaim, table, relaxed);
        if (bits >= all)
            break;
    }
    free(relaxed);
    return made ? made : any;
}

/* Puts the entry into the chain that begins at `head`. */
static void tuple_link(const p4e_table_t *table, p4e_tuple_t *tuple, p4e_entry_t *head, p4e_entry_t *entry) {
    if (entry->rank > head->rank) {
        atomic_store_explicit(&entry->next, head, memory_order_relaxed);
        p4e_index_t *index = atomic_load_explicit(&tuple->index, memory_order_relaxed);
        p4e_index_swap(index, tuple_hash(table, tuple, entry), head, entry);
        return;
    }
    p4e_entry_t *before = head;
    for (p4e_entry_t *e = p4e_entry_next(head); e && e->rank >= entry->rank; e = p4e_entry_next(e))
        before = e;
    atomic_store_explicit(&entry->next, p4e_entry_next(before), memory_order_relaxed);
    atomic_store_explicit(&before->next, entry, memory_order_release);
}

/* Adds an entry that is not yet there. */
int p4e_tuple_insert(p4e_reclaim_t *reclaim, p4e_table_t *table, p4e_entry_t *entry) {
    p4e_tuple_t *tuple = tuple_choose(reclaim, table, entry);
    if (!tuple)
        return P4E_NO_MEMORY;
    const uint64_t *mask = tuple_mask_of(table, entry);
    if (table->spec->ranges || memcmp(mask, tuple->mask, table->spec->words * sizeof mask[0]) != 0)
        tuple->exact = false;
    if (entry->rank > atomic_load_explicit(&tuple->best, memory_order_relaxed))
        atomic_store_explicit(&tuple->best, entry->rank, memory_order_release);
    p4e_entry_t *head = tuple_head(table, tuple, entry);
    if (head) {
        tuple_link(table, tuple, head, entry);
    } else {
        const p4e_hashing_t hashing = {tuple->mask, table->spec->words, table->seed};
        int status = p4e_index_put(reclaim, &tuple->index, &hashing, entry, tuple_hash(table, tuple, entry));
        if (status)
            return status;
    }
    tuple->entries++;
    return P4E_OK;
}

static bool tuple_unlink(const p4e_table_t *table, p4e_tuple_t *tuple, p4e_entry_t *entry) {
    p4e_entry_t *head = tuple_head(table, tuple, entry);
    if (!head)
        return false;
    p4e_entry_t *next = p4e_entry_next(entry);
    p4e_index_t *index = atomic_load_explicit(&tuple->index, memory_order_relaxed);
    if (head == entry) {
        if (next)
            p4e_index_swap(index, tuple_hash(table, tuple, entry), entry, next);
        else
            p4e_index_remove(index, tuple_hash(table, tuple, entry), entry);
        return true;
    }
    for (p4e_entry_t *e = head; e; e = p4e_entry_next(e))
        if (p4e_entry_next(e) == entry) {
            atomic_store_explicit(&e->next, next, memory_order_release);
            return true;
        }
    return false;
}

/* Takes an entry out; the caller retires it. */
void p4e_tuple_remove(p4e_reclaim_t *reclaim, p4e_table_t *table, p4e_entry_t *entry) {
    const uint64_t *mask = tuple_mask_of(table, entry);
    const p4e_tuples_t *tuples = tuples_of(table);
    for (uint32_t i = 0; i < tuples->count; i++) {
        p4e_tuple_t *tuple = tuples->list[i];
        if (!tuple_covers(tuple, mask, table->spec->words) || !tuple_unlink(table, tuple, entry))
            continue;
        if (--tuple->entries == 0 && tuples_publish(reclaim, table, NULL, tuple) == 0)
            tuple_free(reclaim, tuple);
        return;
    }
}
