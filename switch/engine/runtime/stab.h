/* Which of many ranges hold a number, and which of those is best: a tree that decides two bits at a time.
 *
 * A range lies at the few nodes whose spans it covers whole, not more than six for two bits; so a number meets each
 * range that holds it exactly once on its way down. Each span keeps its best entry for readers, and all of them, by
 * rank, for writers. Readers take one cache line a node.
 */
#ifndef P4E_STAB_H
#define P4E_STAB_H

#include <stdatomic.h>
#include <stdint.h>

#include "entry.h"
#include "reclaim.h"

#define P4E_STAB_BITS 2u
#define P4E_STAB_SPANS (1u << P4E_STAB_BITS)

/* The entries of a span, the best one last. */
typedef struct p4e_stab_list {
    uint32_t count, room;
    p4e_entry_t *entries[];
} p4e_stab_list_t;

typedef struct p4e_stab p4e_stab_t;
struct p4e_stab {
    _Atomic(p4e_entry_t *) best[P4E_STAB_SPANS];
    _Atomic(p4e_stab_t *) child[P4E_STAB_SPANS];
    p4e_stab_list_t *lists[P4E_STAB_SPANS]; /* for writers */
};

/* Where the bits of a node lie in numbers of `width` bits, at the top of the tree. */
static inline uint32_t p4e_stab_top(uint32_t width) {
    return (width - 1) / P4E_STAB_BITS * P4E_STAB_BITS;
}

/* The best entry whose range holds `value`, or `found` where that is better. */
static inline p4e_entry_t *p4e_stab_find(const p4e_stab_t *node, uint32_t width, uint64_t value, p4e_entry_t *found) {
    for (uint32_t shift = p4e_stab_top(width); node; shift -= P4E_STAB_BITS) {
        unsigned span = value >> shift & (P4E_STAB_SPANS - 1);
        p4e_entry_t *entry = atomic_load_explicit(&node->best[span], memory_order_acquire);
        if (entry && (!found || entry->rank > found->rank))
            found = entry;
        node = atomic_load_explicit(&node->child[span], memory_order_acquire);
    }
    return found;
}

p4e_stab_t *p4e_stab_new(void);
void p4e_stab_free(p4e_stab_t *root);

/* Adds or takes out an entry whose range is low..high. */
int p4e_stab_insert(p4e_reclaim_t *reclaim, p4e_stab_t *root, uint32_t width, p4e_entry_t *entry, uint64_t low,
                    uint64_t high);
void p4e_stab_remove(p4e_reclaim_t *reclaim, p4e_stab_t *root, uint32_t width, p4e_entry_t *entry, uint64_t low,
                     uint64_t high);

#endif
