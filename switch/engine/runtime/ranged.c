/* Writing to groups of ranges; see ranged.h. */
#include "ranged.h"

#include <stdlib.h>
#include <string.h>

#include "status.h"
#include "table.h"

#define RANGED_ENOUGH 64u /* entries that make a group worth a lookup of its own */
#define RANGED_LIVE 32u   /* groups that a lookup visits */
#define RANGED_GROUPS 256u
#define RANGED_WORDS 64u /* of a key */

/* What an entry matches on: a mask, and the field whose range is not part of it. */
typedef struct ranged_shape {
    const p4e_field_t *field;
    uint64_t mask[RANGED_WORDS];
} ranged_shape_t;

static uint64_t field_bits(const p4e_field_t *field) {
    return UINT64_MAX >> (64 - field->width);
}

static uint64_t field_value(const p4e_field_t *field, const uint64_t *words) {
    return words[field->packed / 8] >> (field->packed % 8 * 8) & field_bits(field);
}

static void shape_set(ranged_shape_t *shape, const p4e_field_t *field, uint64_t bits) {
    uint32_t shift = field->packed % 8 * 8;
    uint64_t *word = &shape->mask[field->packed / 8];
    *word = (*word & ~(field_bits(field) << shift)) | bits << shift;
}

/* What the mask of a range would be if it were a prefix, and whether it is one. */
static bool ranged_prefix(uint64_t low, uint64_t high, uint64_t bits, uint64_t *mask) {
    uint64_t differ = low ^ high;
    uint64_t below = differ ? UINT64_MAX >> __builtin_clzll(differ) : 0;
    *mask = bits & ~below;
    return (low & below) == 0 && (high & below) == below;
}

/* How much a field wants to be the one that matches by range: nothing but a range will do, better than a mask, or it
 * does not care. */
static unsigned ranged_need(uint64_t low, uint64_t high, uint64_t bits) {
    uint64_t mask;
    if (!ranged_prefix(low, high, bits, &mask))
        return 3;
    return mask == 0 ? 0 : mask == bits ? 1 : 2;
}

/* The entry's shape; false when it has several ranges that are no prefixes, or one too wide. */
static bool ranged_shape(const p4e_table_t *table, const p4e_entry_t *entry, ranged_shape_t *shape) {
    const p4e_table_spec_t *spec = table->spec;
    const uint64_t *high = entry->words + 2 * spec->words;
    unsigned most = 0, strict = 0;
    if (spec->words > RANGED_WORDS)
        return false;
    memcpy(shape->mask, entry->words + spec->words, spec->words * sizeof shape->mask[0]);
    shape->field = NULL;
    for (uint32_t i = 0; i < spec->field_count; i++) {
        const p4e_field_t *field = &spec->fields[i];
        if (field->kind != P4E_KEY_RANGE)
            continue;
        if (field->width > 64)
            return false;
        uint64_t bits = field_bits(field), mask, low = field_value(field, entry->words), top = field_value(field, high);
        ranged_prefix(low, top, bits, &mask);
        shape_set(shape, field, mask);
        unsigned need = ranged_need(low, top, bits);
        strict += need == 3;
        if (!shape->field || need > most) {
            shape->field = field;
            most = need;
        }
    }
    if (!shape->field || strict > 1)
        return false;
    shape_set(shape, shape->field, 0);
    return true;
}

static bool ranged_fits(const p4e_table_t *table, const p4e_ranged_group_t *group, const ranged_shape_t *shape) {
    return group->field == (uint32_t)(shape->field - table->spec->fields) &&
           memcmp(group->mask, shape->mask, table->spec->words * sizeof shape->mask[0]) == 0;
}

static p4e_ranged_group_t *ranged_group(const p4e_table_t *table, const ranged_shape_t *shape) {
    for (uint32_t i = 0; i < table->ranged.count; i++)
        if (ranged_fits(table, table->ranged.groups[i], shape))
            return table->ranged.groups[i];
    return NULL;
}

static p4e_ranged_group_t *ranged_new_group(p4e_table_t *table, const ranged_shape_t *shape) {
    p4e_ranged_t *ranged = &table->ranged;
    uint32_t words = table->spec->words;
    if (table->count == 0)
        ranged->closed = false;
    if (ranged->closed || ranged->count == RANGED_GROUPS) {
        ranged->closed = true; /* or entries that no group has counted would be taken from one that comes later */
        return NULL;
    }
    p4e_ranged_group_t **grown = realloc(ranged->groups, (ranged->count + 1) * sizeof *grown);
    if (grown)
        ranged->groups = grown;
    p4e_ranged_group_t *group = grown ? calloc(1, sizeof *group + words * sizeof group->mask[0]) : NULL;
    ranged->closed = !group;
    if (!group)
        return NULL;
    group->field = (uint32_t)(shape->field - table->spec->fields);
    group->word = shape->field->packed / 8;
    group->shift = shape->field->packed % 8 * 8;
    group->width = shape->field->width;
    group->bits = field_bits(shape->field);
    memcpy(group->mask, shape->mask, words * sizeof group->mask[0]);
    ranged->groups[ranged->count++] = group;
    return group;
}

static p4e_index_t *group_index(const p4e_ranged_group_t *group) {
    return atomic_load_explicit(&group->index, memory_order_relaxed);
}

/* Publishes the groups that lookups visit, best first, with one more or one less. */
static int ranged_publish(p4e_reclaim_t *reclaim, p4e_ranged_t *ranged, p4e_ranged_group_t *added,
                          const p4e_ranged_group_t *gone) {
    p4e_ranged_list_t *old = atomic_load_explicit(&ranged->live, memory_order_relaxed);
    uint32_t count = old ? old->count : 0;
    p4e_ranged_list_t *fresh = malloc(sizeof *fresh + (count + 1) * sizeof fresh->list[0]);
    if (!fresh)
        return P4E_NO_MEMORY;
    fresh->count = 0;
    for (uint32_t i = 0; i <= count; i++) {
        p4e_ranged_group_t *group = i < count ? old->list[i] : added;
        if (!group || group == gone)
            continue;
        uint32_t place = fresh->count++;
        for (; place > 0 && atomic_load(&fresh->list[place - 1]->best) < atomic_load(&group->best); place--)
            fresh->list[place] = fresh->list[place - 1];
        fresh->list[place] = group;
    }
    atomic_store_explicit(&ranged->live, fresh, memory_order_release);
    p4e_retire(reclaim, old);
    return P4E_OK;
}

static p4e_stab_t *root_tree(const p4e_entry_t *root) {
    return (p4e_stab_t *)(uintptr_t)atomic_load_explicit(&root->target, memory_order_relaxed);
}

static p4e_entry_t *group_root(const p4e_table_t *table, const p4e_ranged_group_t *group, const p4e_entry_t *entry,
                               uint64_t hash) {
    return p4e_index_find(group_index(group), entry->words, group->mask, table->spec->words, hash);
}

/* The root of the tree for the entry's masked bits, made where there is none. */
static p4e_entry_t *group_make_root(p4e_reclaim_t *reclaim, const p4e_table_t *table, p4e_ranged_group_t *group,
                                    const p4e_entry_t *entry) {
    uint32_t words = table->spec->words;
    uint64_t hash = p4e_hash_masked(entry->words, group->mask, words, table->seed);
    p4e_entry_t *root = group_root(table, group, entry, hash);
    if (root)
        return root;
    const p4e_hashing_t hashing = {group->mask, words, table->seed};
    p4e_stab_t *tree = p4e_stab_new();
    root = tree ? calloc(1, sizeof *root + words * sizeof root->words[0]) : NULL;
    if (root) {
        for (uint32_t w = 0; w < words; w++)
            root->words[w] = entry->words[w] & group->mask[w];
        atomic_init(&root->target, (uint64_t)(uintptr_t)tree);
        if (p4e_index_put(reclaim, &group->index, &hashing, root, hash) == P4E_OK)
            return root;
    }
    free(root);
    free(tree);
    return NULL;
}

static int group_add(p4e_reclaim_t *reclaim, const p4e_table_t *table, p4e_ranged_group_t *group, p4e_entry_t *entry) {
    const p4e_field_t *field = &table->spec->fields[group->field];
    const uint64_t *high = entry->words + 2 * table->spec->words;
    const p4e_entry_t *root = group_make_root(reclaim, table, group, entry);
    if (!root)
        return P4E_NO_MEMORY;
    if (entry->rank > atomic_load_explicit(&group->best, memory_order_relaxed))
        atomic_store_explicit(&group->best, entry->rank, memory_order_release);
    return p4e_stab_insert(reclaim, root_tree(root), group->width, entry, field_value(field, entry->words),
                           field_value(field, high));
}

static void group_take(p4e_reclaim_t *reclaim, const p4e_table_t *table, p4e_ranged_group_t *group, p4e_entry_t *entry) {
    const p4e_field_t *field = &table->spec->fields[group->field];
    uint64_t hash = p4e_hash_masked(entry->words, group->mask, table->spec->words, table->seed);
    p4e_entry_t *root = group_root(table, group, entry, hash);
    if (!root)
        return;
    p4e_stab_t *tree = root_tree(root);
    p4e_stab_remove(reclaim, tree, group->width, entry, field_value(field, entry->words),
                    field_value(field, entry->words + 2 * table->spec->words));
    for (unsigned span = 0; span < P4E_STAB_SPANS; span++)
        if (tree->lists[span] || atomic_load_explicit(&tree->child[span], memory_order_relaxed))
            return;
    p4e_index_remove(group_index(group), hash, root);
    p4e_retire(reclaim, tree);
    p4e_retire(reclaim, root);
}

/* Frees the trees of a group that packets no longer visit. */
static void group_clear(p4e_reclaim_t *reclaim, p4e_ranged_group_t *group) {
    p4e_index_t *index = group_index(group);
    for (uint64_t i = 0; index && i < (index->mask + 1) * P4E_BUCKET; i++) {
        uint64_t slot = atomic_load_explicit(&index->slots[i], memory_order_relaxed);
        if (slot <= P4E_SLOT_DEAD)
            continue;
        p4e_stab_free(root_tree(p4e_slot_entry(slot)));
        free(p4e_slot_entry(slot));
    }
    atomic_store_explicit(&group->index, NULL, memory_order_relaxed);
    p4e_retire(reclaim, index);
}

/* Whether an entry lies in the blocks and belongs to the group. */
static bool ranged_stray(const p4e_table_t *table, const p4e_ranged_group_t *group, const p4e_entry_t *entry,
                         const p4e_entry_t *fresh) {
    ranged_shape_t shape;
    return entry && entry != fresh && !(entry->place & P4E_RANGED_PLACE) && ranged_shape(table, entry, &shape) &&
           ranged_fits(table, group, &shape);
}

/* Gives the group an index, and moves the entries that lie in the blocks there. `fresh` is not yet anywhere. */
static int ranged_settle(p4e_reclaim_t *reclaim, p4e_table_t *table, p4e_ranged_group_t *group, const p4e_entry_t *fresh) {
    atomic_store_explicit(&group->index, p4e_index_new(RANGED_ENOUGH), memory_order_relaxed);
    int status = group_index(group) ? P4E_OK : P4E_NO_MEMORY;
    for (uint64_t i = 0; !status && i < table->slots_used; i++)
        if (ranged_stray(table, group, table->slots[i].entry, fresh))
            status = group_add(reclaim, table, group, table->slots[i].entry);
    if (!status)
        status = ranged_publish(reclaim, &table->ranged, group, NULL);
    if (status) {
        group_clear(reclaim, group);
        return status;
    }
    for (uint64_t i = 0; i < table->slots_used; i++) {
        p4e_entry_t *entry = table->slots[i].entry;
        if (!ranged_stray(table, group, entry, fresh))
            continue;
        if (!p4e_blocks_remove(reclaim, table, entry))
            p4e_tuple_remove(reclaim, table, entry);
        entry->place = P4E_RANGED_PLACE | (uint64_t)(uintptr_t)group;
    }
    return P4E_OK;
}

int p4e_ranged_insert(p4e_reclaim_t *reclaim, p4e_table_t *table, p4e_entry_t *entry) {
    ranged_shape_t shape;
    if (!table->spec->ranges || !ranged_shape(table, entry, &shape))
        return P4E_FULL;
    p4e_ranged_group_t *group = ranged_group(table, &shape);
    if (!group && !(group = ranged_new_group(table, &shape)))
        return P4E_FULL;
    group->entries++;
    const p4e_ranged_list_t *live = atomic_load_explicit(&table->ranged.live, memory_order_relaxed);
    if (!group_index(group)) {
        if (group->entries < RANGED_ENOUGH || (live && live->count >= RANGED_LIVE))
            return P4E_FULL;
        if (ranged_settle(reclaim, table, group, entry) != P4E_OK)
            return P4E_FULL;
    }
    int status = group_add(reclaim, table, group, entry);
    if (status)
        group->entries--;
    else
        entry->place = P4E_RANGED_PLACE | (uint64_t)(uintptr_t)group;
    return status;
}

static void ranged_drop_group(p4e_reclaim_t *reclaim, p4e_ranged_t *ranged, p4e_ranged_group_t *group) {
    if (group_index(group) && ranged_publish(reclaim, ranged, NULL, group) != P4E_OK)
        return; /* an empty group: found again, or gone with the table */
    for (uint32_t i = 0; i < ranged->count; i++)
        if (ranged->groups[i] == group)
            ranged->groups[i] = ranged->groups[--ranged->count];
    p4e_retire(reclaim, group_index(group));
    p4e_retire(reclaim, group);
}

bool p4e_ranged_remove(p4e_reclaim_t *reclaim, p4e_table_t *table, p4e_entry_t *entry) {
    ranged_shape_t shape;
    bool here = entry->place & P4E_RANGED_PLACE;
    p4e_ranged_group_t *group =
        table->spec->ranges && ranged_shape(table, entry, &shape) ? ranged_group(table, &shape) : NULL;
    if (!group)
        return false;
    if (here)
        group_take(reclaim, table, group, entry);
    if (--group->entries == 0)
        ranged_drop_group(reclaim, &table->ranged, group);
    return here;
}

void p4e_ranged_close(p4e_ranged_t *ranged) {
    p4e_reclaim_t at_once = {0};
    for (uint32_t i = 0; i < ranged->count; i++) {
        group_clear(&at_once, ranged->groups[i]);
        free(ranged->groups[i]);
    }
    free(ranged->groups);
    free(atomic_load(&ranged->live));
}
