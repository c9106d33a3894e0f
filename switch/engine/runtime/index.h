/* A hash index of entries: buckets of eight slots, one cache line each; a slot is a pointer with a 16-bit tag.
 *
 * One writer under the control lock, one reader without. A slot is written in one store, so a reader sees an entry or
 * does not. A full bucket overflows into the next; a slot freed in a bucket that was once full stays dead until the
 * index is rebuilt, so that searches go on past it. Growing builds a new index and publishes it.
 */
#ifndef P4E_INDEX_H
#define P4E_INDEX_H

#include <stdatomic.h>
#include <stdint.h>

#include "entry.h"
#include "reclaim.h"

#define P4E_BUCKET 8u
#define P4E_SLOT_DEAD 2u
#define P4E_POINTER_BITS 48
#define P4E_POINTER_MASK ((UINT64_C(1) << P4E_POINTER_BITS) - 1)

typedef struct p4e_index {
    uint64_t mask; /* number of buckets - 1 */
    uint64_t used; /* slots that are not empty */
    uint64_t live;
    uint64_t pad[5];
    _Atomic uint64_t slots[];
} p4e_index_t;

/* How the entries of an index are hashed and compared. */
typedef struct p4e_hashing {
    const uint64_t *mask; /* NULL: the whole key */
    unsigned words;
    uint64_t seed;
} p4e_hashing_t;

static inline p4e_entry_t *p4e_slot_entry(uint64_t slot) {
    return (p4e_entry_t *)(uintptr_t)(slot & P4E_POINTER_MASK);
}

static inline uint64_t p4e_slot_tag(uint64_t hash) {
    return hash >> P4E_POINTER_BITS;
}

/* The first entry whose words equal `key` under `mask` (NULL: all bits). */
static inline __attribute__((always_inline)) p4e_entry_t *p4e_index_find(const p4e_index_t *index, const uint64_t *key,
                                                                         const uint64_t *mask, unsigned words,
                                                                         uint64_t hash) {
    uint64_t tag = p4e_slot_tag(hash);
    for (uint64_t bucket = hash & index->mask;; bucket = (bucket + 1) & index->mask) {
        const _Atomic uint64_t *slots = &index->slots[bucket * P4E_BUCKET];
        unsigned empty = 0;
        for (unsigned i = 0; i < P4E_BUCKET; i++) {
            uint64_t slot = atomic_load_explicit(&slots[i], memory_order_acquire);
            empty |= slot == 0;
            if (slot >> P4E_POINTER_BITS != tag || slot <= P4E_SLOT_DEAD)
                continue;
            p4e_entry_t *entry = p4e_slot_entry(slot);
            uint64_t differ = 0;
            for (unsigned w = 0; w < words; w++)
                differ |= mask ? (entry->words[w] ^ key[w]) & mask[w] : entry->words[w] ^ key[w];
            if (differ == 0)
                return entry;
        }
        if (empty)
            return NULL;
    }
}

p4e_index_t *p4e_index_new(uint64_t entries);
int p4e_index_put(p4e_reclaim_t *reclaim, _Atomic(p4e_index_t *) *where, const p4e_hashing_t *hashing,
                  p4e_entry_t *entry, uint64_t hash);
void p4e_index_swap(p4e_index_t *index, uint64_t hash, const p4e_entry_t *old, p4e_entry_t *entry);
void p4e_index_remove(p4e_index_t *index, uint64_t hash, const p4e_entry_t *entry);

#endif
