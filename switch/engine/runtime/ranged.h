/* Entries with one range: those that match alike otherwise form a group.
 *
 * A group is a mask and a field. A lookup goes by the hash of the key's masked bits to a tree of ranges (stab.h), so
 * its cost follows the number of groups, not that of entries. Small groups are not worth a lookup: their entries stay
 * in the table's blocks until they are many, and move then; so do entries with several ranges that are no prefixes,
 * and those of groups beyond what a table may have.
 *
 * An entry on its way is in its group before it leaves its block, and readers look at the blocks first.
 */
#ifndef P4E_RANGED_H
#define P4E_RANGED_H

#include "hash.h"
#include "index.h"
#include "spec.h"
#include "stab.h"

#define P4E_RANGED_PLACE (UINT64_C(1) << 63) /* in an entry's place: the rest is its group */

typedef struct p4e_ranged_group {
    _Atomic(p4e_index_t *) index; /* of roots: entries whose target is a tree; NULL while the group is small */
    _Atomic uint64_t best;        /* no entry here has a larger rank */
    uint64_t entries;             /* wherever they lie */
    uint32_t field, word, shift, width;
    uint64_t bits; /* of the field, shifted down */
    uint64_t mask[];
} p4e_ranged_group_t;

/* Immutable but for the groups. */
typedef struct p4e_ranged_list {
    uint32_t count;
    p4e_ranged_group_t *list[];
} p4e_ranged_list_t;

typedef struct p4e_ranged {
    _Atomic(p4e_ranged_list_t *) live; /* the groups that lookups visit; NULL: none */
    p4e_ranged_group_t **groups;       /* all of them; for writers */
    uint32_t count;
    bool closed; /* a group was refused: no new ones, until the table is empty */
} p4e_ranged_t;

/* The best entry for `key`, or `found` where that is better. */
static inline p4e_entry_t *p4e_ranged_find(const p4e_ranged_t *ranged, const uint64_t *key, unsigned words,
                                           uint64_t seed, p4e_entry_t *found) {
    const p4e_ranged_list_t *live = atomic_load_explicit(&ranged->live, memory_order_acquire);
    for (uint32_t i = 0; live && i < live->count; i++) {
        const p4e_ranged_group_t *group = live->list[i];
        if (found && atomic_load_explicit(&group->best, memory_order_acquire) <= found->rank)
            continue;
        uint64_t hash = p4e_hash_masked(key, group->mask, words, seed);
        const p4e_index_t *index = atomic_load_explicit(&group->index, memory_order_acquire);
        const p4e_entry_t *root = p4e_index_find(index, key, group->mask, words, hash);
        if (!root)
            continue;
        const p4e_stab_t *tree = (const p4e_stab_t *)(uintptr_t)atomic_load_explicit(&root->target, memory_order_acquire);
        found = p4e_stab_find(tree, group->width, key[group->word] >> group->shift & group->bits, found);
    }
    return found;
}

struct p4e_table;

/* Adds an entry that is not yet there; P4E_FULL: it is counted, and goes to the blocks. */
int p4e_ranged_insert(p4e_reclaim_t *reclaim, struct p4e_table *table, p4e_entry_t *entry);

/* Forgets an entry; true when it lay in a group. */
bool p4e_ranged_remove(p4e_reclaim_t *reclaim, struct p4e_table *table, p4e_entry_t *entry);

void p4e_ranged_close(p4e_ranged_t *ranged);

#endif
