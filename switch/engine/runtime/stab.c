/* Writing to trees of ranges; see stab.h. */
#include "stab.h"

#include <stdlib.h>
#include <string.h>

#include "status.h"

/* An entry on its way to the spans that it covers. */
typedef struct stab_walk {
    p4e_reclaim_t *reclaim;
    p4e_entry_t *entry;
    uint64_t low, high;
} stab_walk_t;

p4e_stab_t *p4e_stab_new(void) {
    p4e_stab_t *node = NULL;
    if (posix_memalign((void **)&node, 64, sizeof *node) != 0)
        return NULL;
    memset(node, 0, sizeof *node);
    return node;
}

static p4e_stab_t *stab_child(const p4e_stab_t *node, unsigned span) {
    return atomic_load_explicit(&node->child[span], memory_order_relaxed);
}

/* Frees a tree; no packet thread may be running. */
void p4e_stab_free(p4e_stab_t *root) {
    for (unsigned span = 0; root && span < P4E_STAB_SPANS; span++) {
        p4e_stab_free(stab_child(root, span));
        free(root->lists[span]);
    }
    free(root);
}

/* The place of the entry in a list, or where it belongs. */
static uint32_t stab_place(const p4e_stab_list_t *list, const p4e_entry_t *entry) {
    uint32_t from = 0, to = list->count;
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (list->entries[middle]->rank < entry->rank)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static void stab_publish(p4e_stab_t *node, unsigned span) {
    const p4e_stab_list_t *list = node->lists[span];
    p4e_entry_t *best = list && list->count ? list->entries[list->count - 1] : NULL;
    atomic_store_explicit(&node->best[span], best, memory_order_release);
}

static int stab_put(p4e_stab_t *node, unsigned span, p4e_entry_t *entry) {
    p4e_stab_list_t *list = node->lists[span];
    if (!list || list->count == list->room) {
        uint32_t room = list ? 2 * list->room : 1;
        p4e_stab_list_t *grown = realloc(list, sizeof *grown + room * sizeof grown->entries[0]);
        if (!grown)
            return P4E_NO_MEMORY;
        grown->count = list ? grown->count : 0;
        grown->room = room;
        node->lists[span] = list = grown;
    }
    uint32_t place = stab_place(list, entry);
    memmove(&list->entries[place + 1], &list->entries[place], (list->count - place) * sizeof list->entries[0]);
    list->entries[place] = entry;
    list->count++;
    stab_publish(node, span);
    return P4E_OK;
}

static void stab_take(p4e_stab_t *node, unsigned span, const p4e_entry_t *entry) {
    p4e_stab_list_t *list = node->lists[span];
    if (!list)
        return;
    uint32_t place = stab_place(list, entry);
    if (place == list->count || list->entries[place] != entry)
        return;
    list->count--;
    memmove(&list->entries[place], &list->entries[place + 1], (list->count - place) * sizeof list->entries[0]);
    stab_publish(node, span);
    if (list->count == 0) {
        free(list);
        node->lists[span] = NULL;
    }
}

/* Goes to the spans of a node that the range touches: `from` is the least number under the node. */
static int stab_add(const stab_walk_t *walk, p4e_stab_t *node, uint32_t shift, uint64_t from) {
    for (unsigned span = 0; span < P4E_STAB_SPANS; span++) {
        uint64_t first = from + ((uint64_t)span << shift), last = first + ((UINT64_C(1) << shift) - 1);
        if (walk->high < first || walk->low > last)
            continue;
        int status = P4E_OK;
        if (walk->low <= first && last <= walk->high) {
            status = stab_put(node, span, walk->entry);
        } else {
            p4e_stab_t *child = stab_child(node, span);
            if (!child && !(child = p4e_stab_new()))
                return P4E_NO_MEMORY;
            atomic_store_explicit(&node->child[span], child, memory_order_release);
            status = stab_add(walk, child, shift - P4E_STAB_BITS, first);
        }
        if (status)
            return status;
    }
    return P4E_OK;
}

static bool stab_is_empty(const p4e_stab_t *node) {
    for (unsigned span = 0; span < P4E_STAB_SPANS; span++)
        if (node->lists[span] || stab_child(node, span))
            return false;
    return true;
}

static void stab_sub(const stab_walk_t *walk, p4e_stab_t *node, uint32_t shift, uint64_t from) {
    for (unsigned span = 0; span < P4E_STAB_SPANS; span++) {
        uint64_t first = from + ((uint64_t)span << shift), last = first + ((UINT64_C(1) << shift) - 1);
        if (walk->high < first || walk->low > last)
            continue;
        p4e_stab_t *child = stab_child(node, span);
        if (walk->low <= first && last <= walk->high) {
            stab_take(node, span, walk->entry);
        } else if (child) {
            stab_sub(walk, child, shift - P4E_STAB_BITS, first);
            if (stab_is_empty(child)) {
                atomic_store_explicit(&node->child[span], NULL, memory_order_release);
                p4e_retire(walk->reclaim, child);
            }
        }
    }
}

int p4e_stab_insert(p4e_reclaim_t *reclaim, p4e_stab_t *root, uint32_t width, p4e_entry_t *entry, uint64_t low,
                    uint64_t high) {
    const stab_walk_t walk = {reclaim, entry, low, high};
    int status = stab_add(&walk, root, p4e_stab_top(width), 0);
    if (status)
        stab_sub(&walk, root, p4e_stab_top(width), 0);
    return status;
}

void p4e_stab_remove(p4e_reclaim_t *reclaim, p4e_stab_t *root, uint32_t width, p4e_entry_t *entry, uint64_t low,
                     uint64_t high) {
    const stab_walk_t walk = {reclaim, entry, low, high};
    stab_sub(&walk, root, p4e_stab_top(width), 0);
}
