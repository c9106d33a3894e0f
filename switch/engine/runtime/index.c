/* Writing to hash indexes; see index.h. */
#include "index.h"

#include <stdlib.h>

#include "hash.h"
#include "status.h"

/* At most 5 of 8 slots are in use. */
static uint64_t index_limit(const p4e_index_t *index) {
    return (index->mask + 1) * (P4E_BUCKET * 5 / 8);
}

/* An empty index with room for `entries`. */
p4e_index_t *p4e_index_new(uint64_t entries) {
    uint64_t buckets = 1;
    while (buckets * (P4E_BUCKET * 5 / 8) < entries)
        buckets *= 2;
    size_t bytes = sizeof(p4e_index_t) + buckets * P4E_BUCKET * sizeof(uint64_t);
    p4e_index_t *index = NULL;
    if (posix_memalign((void **)&index, 64, bytes) != 0)
        return NULL;
    index->mask = buckets - 1;
    index->used = index->live = 0;
    for (uint64_t i = 0; i < buckets * P4E_BUCKET; i++)
        atomic_init(&index->slots[i], 0);
    return index;
}

static uint64_t index_slot(const p4e_entry_t *entry, uint64_t hash) {
    return (p4e_slot_tag(hash) << P4E_POINTER_BITS) | (uint64_t)(uintptr_t)entry;
}

static void index_store(p4e_index_t *index, const p4e_entry_t *entry, uint64_t hash) {
    for (uint64_t bucket = hash & index->mask;; bucket = (bucket + 1) & index->mask) {
        for (unsigned i = 0; i < P4E_BUCKET; i++) {
            _Atomic uint64_t *slot = &index->slots[bucket * P4E_BUCKET + i];
            uint64_t value = atomic_load_explicit(slot, memory_order_relaxed);
            if (value > P4E_SLOT_DEAD)
                continue;
            index->used += value == 0;
            index->live++;
            atomic_store_explicit(slot, index_slot(entry, hash), memory_order_release);
            return;
        }
    }
}

static uint64_t index_hash(const p4e_hashing_t *hashing, const p4e_entry_t *entry) {
    if (hashing->mask)
        return p4e_hash_masked(entry->words, hashing->mask, hashing->words, hashing->seed);
    return p4e_hash(entry->words, hashing->words, hashing->seed);
}

static int index_rebuild(p4e_reclaim_t *reclaim, _Atomic(p4e_index_t *) *where, const p4e_hashing_t *hashing) {
    p4e_index_t *old = atomic_load_explicit(where, memory_order_relaxed);
    p4e_index_t *grown = p4e_index_new(2 * (old->live + 1));
    if (!grown)
        return P4E_NO_MEMORY;
    for (uint64_t i = 0; i < (old->mask + 1) * P4E_BUCKET; i++) {
        uint64_t slot = atomic_load_explicit(&old->slots[i], memory_order_relaxed);
        if (slot > P4E_SLOT_DEAD) {
            p4e_entry_t *entry = p4e_slot_entry(slot);
            index_store(grown, entry, index_hash(hashing, entry));
        }
    }
    atomic_store_explicit(where, grown, memory_order_release);
    p4e_retire(reclaim, old);
    return P4E_OK;
}

/* Adds an entry whose key is not in the index; grows it where needed. */
int p4e_index_put(p4e_reclaim_t *reclaim, _Atomic(p4e_index_t *) *where, const p4e_hashing_t *hashing,
                  p4e_entry_t *entry, uint64_t hash) {
    if ((uint64_t)(uintptr_t)entry & ~P4E_POINTER_MASK)
        return P4E_NO_MEMORY;
    p4e_index_t *index = atomic_load_explicit(where, memory_order_relaxed);
    if (index->used >= index_limit(index)) {
        int status = index_rebuild(reclaim, where, hashing);
        if (status)
            return status;
        index = atomic_load_explicit(where, memory_order_relaxed);
    }
    index_store(index, entry, hash);
    return P4E_OK;
}

static _Atomic uint64_t *index_locate(p4e_index_t *index, uint64_t hash, const p4e_entry_t *entry, bool *full) {
    uint64_t wanted = index_slot(entry, hash);
    for (uint64_t bucket = hash & index->mask;; bucket = (bucket + 1) & index->mask) {
        _Atomic uint64_t *found = NULL;
        *full = true;
        for (unsigned i = 0; i < P4E_BUCKET; i++) {
            _Atomic uint64_t *slot = &index->slots[bucket * P4E_BUCKET + i];
            uint64_t value = atomic_load_explicit(slot, memory_order_relaxed);
            *full &= value != 0;
            if (value == wanted)
                found = slot;
        }
        if (found || !*full)
            return found;
    }
}

/* Puts `entry` in the place of `old`, which has the same key. */
void p4e_index_swap(p4e_index_t *index, uint64_t hash, const p4e_entry_t *old, p4e_entry_t *entry) {
    bool full;
    _Atomic uint64_t *slot = index_locate(index, hash, old, &full);
    if (slot)
        atomic_store_explicit(slot, index_slot(entry, hash), memory_order_release);
}

void p4e_index_remove(p4e_index_t *index, uint64_t hash, const p4e_entry_t *entry) {
    bool full;
    _Atomic uint64_t *slot = index_locate(index, hash, entry, &full);
    if (!slot)
        return;
    index->live--;
    index->used -= !full;
    atomic_store_explicit(slot, full ? P4E_SLOT_DEAD : 0, memory_order_release);
}
