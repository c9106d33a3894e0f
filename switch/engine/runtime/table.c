/* Writing to tables. Records are described in control.h; everything here runs under the control lock. */
#include "table.h"

#include <string.h>

#include "control.h"
#include "engine.h"

#define TABLE_MAX_BYTES 65536u

static uint32_t table_prefix_width(const p4e_table_spec_t *spec) {
    for (uint32_t i = 0; i < spec->field_count; i++)
        if (spec->fields[i].kind == P4E_KEY_LPM)
            return spec->fields[i].width;
    return 0;
}

int p4e_table_open(p4e_table_t *table, const p4e_table_spec_t *spec, uint64_t seed) {
    table->spec = spec;
    table->seed = seed;
    if (spec->kind == P4E_TABLE_NONE)
        return P4E_OK;
    atomic_init(&table->index, p4e_index_new(spec->size < 1024 ? spec->size : 1024));
    atomic_init(&table->tuples, calloc(1, sizeof(p4e_tuples_t)));
    atomic_init(&table->blocks, calloc(1, sizeof(p4e_blocks_t)));
    table->nibbles = p4e_nibbles_new(spec);
    table->popular = calloc((size_t)spec->words * 64, sizeof table->popular[0]);
    if (!atomic_load(&table->index) || !atomic_load(&table->tuples) || !atomic_load(&table->blocks) ||
        !table->nibbles || !table->popular)
        return P4E_NO_MEMORY;
    if (spec->kind == P4E_TABLE_LPM && table_prefix_width(spec) <= P4E_TRIE_BITS)
        return p4e_trie_open(&table->trie, spec);
    return P4E_OK;
}

static void table_free_entry(p4e_reclaim_t *reclaim, const p4e_table_spec_t *spec, p4e_entry_t *entry);

/* Frees everything; no packet thread may be running. */
void p4e_table_close(p4e_table_t *table) {
    p4e_reclaim_t at_once = {0};
    if (!table->spec)
        return;
    for (uint64_t i = 0; i < table->slots_used; i++)
        if (table->slots[i].entry)
            table_free_entry(&at_once, table->spec, table->slots[i].entry);
    p4e_tuples_t *tuples = atomic_load(&table->tuples);
    for (uint32_t i = 0; tuples && i < tuples->count; i++) {
        free(atomic_load(&tuples->list[i]->index));
        free(tuples->list[i]);
    }
    p4e_blocks_t *blocks = atomic_load(&table->blocks);
    for (uint32_t i = 0; blocks && i < blocks->count; i++)
        free(blocks->list[i]);
    p4e_trie_close(&table->trie);
    p4e_ranged_close(&table->ranged);
    free(tuples);
    free(blocks);
    free(table->nibbles);
    free(atomic_load(&table->index));
    free((void *)(uintptr_t)atomic_load(&table->fallback));
    free(table->slots);
    free(table->popular);
}

static uint64_t *table_inline_call(const p4e_table_spec_t *spec, p4e_entry_t *entry) {
    return entry->words + p4e_entry_words(spec);
}

/* Frees what an entry runs, unless it is the call inside the entry. */
static void table_free_target(p4e_reclaim_t *reclaim, const p4e_table_spec_t *spec, p4e_entry_t *entry, uint64_t target) {
    if ((target & P4E_TARGET_MASK) == P4E_TARGET_CALL && target != (uint64_t)(uintptr_t)table_inline_call(spec, entry))
        p4e_retire(reclaim, (void *)(uintptr_t)target);
}

static void table_free_entry(p4e_reclaim_t *reclaim, const p4e_table_spec_t *spec, p4e_entry_t *entry) {
    table_free_target(reclaim, spec, entry, atomic_load_explicit(&entry->target, memory_order_relaxed));
    if (entry->meter) {
        p4e_retire(reclaim, (void *)(uintptr_t)atomic_load(&entry->meter->rates));
        p4e_retire(reclaim, entry->meter);
    }
    p4e_retire(reclaim, entry);
}

/* Packs mask and bounds behind the key, and masks the key. */
static int table_pack_match(const p4e_table_spec_t *spec, const uint8_t *key, const uint8_t *mask, uint64_t *words) {
    uint64_t *masks = words + spec->words, *upper = masks + spec->words;
    for (uint32_t i = 0; i < spec->field_count; i++) {
        const p4e_field_t *field = &spec->fields[i];
        uint8_t ones[TABLE_MAX_BYTES / 8];
        memset(ones, 0xff, field->size);
        ones[0] = (uint8_t)(0xffu >> (8 * field->size - field->width));
        bool exact = field->kind == P4E_KEY_EXACT || (!mask && field->kind != P4E_KEY_RANGE);
        const uint8_t *bits = exact ? ones : mask ? mask + field->offset : key + field->offset;
        p4e_field_t whole = *field;
        whole.offset = 0;
        uint64_t *to = field->kind == P4E_KEY_RANGE ? upper : masks;
        int status = p4e_pack_key(&whole, 1, bits, to);
        if (status)
            return status;
        status = p4e_check_field(field, key + field->offset, bits);
        if (status)
            return status;
        if (field->kind == P4E_KEY_RANGE)
            p4e_common_prefix(field, words, upper, masks);
    }
    for (uint32_t w = 0; w < spec->words; w++)
        if (!spec->ranges)
            words[w] &= masks[w];
    if (spec->ranges)
        p4e_mask_unranged(spec, words, masks);
    return P4E_OK;
}

/* Whether the bits of a mask make sense for the kind of the field; `mask` holds the upper bound of a range. */
int p4e_check_field(const p4e_field_t *field, const uint8_t *key, const uint8_t *mask) {
    if (field->kind == P4E_KEY_RANGE)
        return memcmp(key, mask, field->size) <= 0 ? P4E_OK : P4E_BAD_VALUE;
    if (field->kind != P4E_KEY_LPM && field->kind != P4E_KEY_OPTIONAL)
        return P4E_OK;
    bool ended = false;
    for (uint32_t bit = 8 * field->size - field->width; bit < 8 * field->size; bit++) {
        bool set = mask[bit / 8] >> (7 - bit % 8) & 1;
        if (set && ended)
            return P4E_BAD_VALUE;
        ended |= !set;
    }
    bool first = mask[0] >> ((field->width - 1) % 8) & 1;
    return field->kind == P4E_KEY_OPTIONAL && first && ended ? P4E_BAD_VALUE : P4E_OK;
}

/* The mask of the leading bits that both bounds of a range share. */
void p4e_common_prefix(const p4e_field_t *field, const uint64_t *low, const uint64_t *high, uint64_t *mask) {
    const uint8_t *a = (const uint8_t *)low + field->packed, *b = (const uint8_t *)high + field->packed;
    uint8_t *to = (uint8_t *)mask + field->packed;
    memset(to, 0, field->size);
    for (uint32_t i = field->size; i-- > 0;) {
        uint8_t differ = a[i] ^ b[i];
        to[i] = 0xff;
        if (differ) {
            to[i] = (uint8_t)~(0xffu >> (__builtin_clz(differ) - 24));
            break;
        }
    }
    uint32_t spare = 8 * field->size - field->width;
    to[field->size - 1] &= (uint8_t)(0xffu >> spare);
}

/* Masks the key's fields but those that match by range. */
void p4e_mask_unranged(const p4e_table_spec_t *spec, uint64_t *words, const uint64_t *masks) {
    for (uint32_t i = 0; i < spec->field_count; i++) {
        const p4e_field_t *field = &spec->fields[i];
        uint8_t *key = (uint8_t *)words + field->packed;
        const uint8_t *mask = (const uint8_t *)masks + field->packed;
        for (uint32_t b = 0; field->kind != P4E_KEY_RANGE && b < field->size; b++)
            key[b] &= mask[b];
    }
}

/* Packs a canonical match into an entry whose words are zero. */
int p4e_pack_match(const p4e_table_spec_t *spec, const uint8_t *key, const uint8_t *mask, int32_t priority,
                   p4e_entry_t *entry) {
    int status = p4e_pack_key(spec->fields, spec->field_count, key, entry->words);
    if (status || spec->kind == P4E_TABLE_EXACT)
        return status;
    if (spec->kind == P4E_TABLE_TERNARY)
        entry->words[p4e_entry_words(spec) - 1] = (uint32_t)priority;
    return table_pack_match(spec, key, mask, entry->words);
}

/* The target that an operation names. `into`, where not NULL, has room for any call of the table. */
static int table_target(p4e_t *engine, const p4e_table_spec_t *spec, const p4e_op_t *op, const uint8_t *data,
                        p4e_call_t *into, uint64_t *target) {
    if (op->target_kind != P4E_TARGET_CALL)
        return spec->profile < 0 ? P4E_BAD_VALUE
                                 : p4e_profile_use(&engine->profiles[spec->profile], op->target_kind, op->target, target);
    if (spec->profile >= 0)
        return P4E_BAD_VALUE;
    int status;
    p4e_call_t *call = into;
    if (into)
        status = p4e_pack_call(spec->actions, spec->action_count, op->action, data, op->data_len, into);
    else
        call = p4e_call_new(spec->actions, spec->action_count, op->action, data, op->data_len, &status);
    *target = (uint64_t)(uintptr_t)call;
    return status;
}

static int table_take_slot(p4e_table_t *table, uint32_t *slot) {
    if (table->free_slot) {
        *slot = table->free_slot - 1;
        table->free_slot = table->slots[*slot].free_next;
        return P4E_OK;
    }
    if (table->slots_used == table->slots_room) {
        uint64_t room = table->slots_room ? 2 * table->slots_room : 64;
        p4e_slot_t *grown = room < UINT32_MAX ? realloc(table->slots, room * sizeof *grown) : NULL;
        if (!grown)
            return P4E_NO_MEMORY;
        memset(grown + table->slots_used, 0, (room - table->slots_used) * sizeof *grown);
        table->slots = grown;
        table->slots_room = room;
    }
    *slot = (uint32_t)table->slots_used++;
    return P4E_OK;
}

static void table_give_slot(p4e_table_t *table, uint32_t slot) {
    p4e_slot_t *s = &table->slots[slot];
    *s = (p4e_slot_t){.generation = s->generation + 1, .free_next = table->free_slot};
    table->free_slot = slot + 1;
}

static uint64_t table_hash(const p4e_table_t *table, const p4e_entry_t *entry) {
    return p4e_hash(entry->words, p4e_entry_words(table->spec), table->seed);
}

static void table_forget(p4e_table_t *table, p4e_entry_t *entry) {
    p4e_index_t *index = atomic_load_explicit(&table->index, memory_order_relaxed);
    p4e_index_remove(index, table_hash(table, entry), entry);
}

/* Keeps the count of how many entries match on each bit. */
static void table_count_bits(p4e_table_t *table, const p4e_entry_t *entry, uint64_t by) {
    for (uint32_t w = 0; table->spec->kind == P4E_TABLE_TERNARY && w < table->spec->words; w++)
        for (uint64_t left = entry->words[table->spec->words + w]; left; left &= left - 1)
            table->popular[w * 64 + (uint32_t)__builtin_ctzll(left)] += by;
}

/* Puts an entry of a ternary table into the blocks, or where there is room. */
static int table_publish_unranged(p4e_reclaim_t *reclaim, p4e_table_t *table, p4e_entry_t *entry) {
    int status = p4e_blocks_insert(reclaim, table, entry);
    if (status == P4E_FULL)
        status = p4e_tuple_insert(reclaim, table, entry);
    if (status)
        p4e_ranged_remove(reclaim, table, entry);
    return status;
}

/* Makes a complete entry visible to packets. */
static int table_publish(p4e_t *engine, p4e_table_t *table, p4e_entry_t *entry) {
    p4e_reclaim_t *reclaim = &engine->reclaim;
    const p4e_hashing_t hashing = {NULL, p4e_entry_words(table->spec), table->seed};
    int status = p4e_index_put(reclaim, &table->index, &hashing, entry, table_hash(table, entry));
    if (status || table->spec->kind == P4E_TABLE_EXACT)
        return status;
    if (table->trie.exact_mask)
        status = p4e_trie_insert(reclaim, table, entry);
    else if (table->spec->kind == P4E_TABLE_LPM)
        status = p4e_tuple_insert(reclaim, table, entry);
    else if ((status = p4e_ranged_insert(reclaim, table, entry)) == P4E_FULL)
        status = table_publish_unranged(reclaim, table, entry);
    if (status)
        table_forget(table, entry);
    else
        table_count_bits(table, entry, 1);
    return status;
}

static void table_unpublish(p4e_t *engine, p4e_table_t *table, p4e_entry_t *entry) {
    p4e_reclaim_t *reclaim = &engine->reclaim;
    if (table->trie.exact_mask)
        p4e_trie_remove(reclaim, table, entry);
    else if (table->spec->kind != P4E_TABLE_EXACT && !p4e_ranged_remove(reclaim, table, entry) &&
             !p4e_blocks_remove(reclaim, table, entry))
        p4e_tuple_remove(reclaim, table, entry);
    table_count_bits(table, entry, (uint64_t)-1);
    table_forget(table, entry);
}

static uint64_t table_rank(p4e_table_t *table, const p4e_entry_t *entry, int32_t priority) {
    if (table->spec->kind == P4E_TABLE_TERNARY)
        return (uint64_t)(uint32_t)priority << 32 | (UINT32_MAX - table->sequence++);
    uint64_t bits = 1;
    for (uint32_t w = 0; table->spec->kind == P4E_TABLE_LPM && w < table->spec->words; w++)
        bits += (uint64_t)__builtin_popcountll(entry->words[table->spec->words + w]);
    return bits;
}

static int table_fill(p4e_t *engine, p4e_table_t *table, p4e_entry_t *entry, const p4e_op_t *op, const uint8_t *data) {
    const p4e_table_spec_t *spec = table->spec;
    uint64_t target;
    int status = table_target(engine, spec, op, data, (p4e_call_t *)table_inline_call(spec, entry), &target);
    if (status)
        return status;
    if (spec->meter && !(entry->meter = calloc(1, sizeof *entry->meter)))
        return P4E_NO_MEMORY;
    atomic_init(&entry->target, target);
    atomic_init(&entry->last_hit, engine->written);
    entry->rank = table_rank(table, entry, op->priority);
    return P4E_OK;
}

static void table_unfill(p4e_entry_t *entry) {
    p4e_profile_release(atomic_load_explicit(&entry->target, memory_order_relaxed));
    free(entry->meter);
    entry->meter = NULL;
}

static int table_insert(p4e_t *engine, p4e_table_t *table, p4e_entry_t *entry, const p4e_op_t *op, const uint8_t *data,
                        uint64_t *handle) {
    const p4e_table_spec_t *spec = table->spec;
    if (table->count >= spec->size && !(op->flags & P4E_OP_CONST))
        return P4E_FULL;
    if (spec->kind == P4E_TABLE_TERNARY && op->priority < 0)
        return P4E_BAD_VALUE;
    uint32_t slot;
    int status = table_fill(engine, table, entry, op, data);
    if (!status)
        status = table_take_slot(table, &slot);
    if (status) {
        table_unfill(entry);
        return status;
    }
    p4e_slot_t *s = &table->slots[slot];
    entry->handle = (uint64_t)s->generation << 32 | slot;
    s->entry = entry;
    s->idle_us = (op->idle_ns + 999) / 1000;
    s->flags = op->flags & P4E_OP_CONST;
    s->told = atomic_load_explicit(&entry->last_hit, memory_order_relaxed);
    status = table_publish(engine, table, entry);
    if (status) {
        table_give_slot(table, slot);
        table_unfill(entry);
        return status;
    }
    table->count++;
    *handle = entry->handle;
    return P4E_OK;
}

static int table_modify(p4e_t *engine, p4e_table_t *table, p4e_entry_t *entry, const p4e_op_t *op, const uint8_t *data) {
    p4e_slot_t *slot = &table->slots[(uint32_t)entry->handle];
    if (slot->flags & P4E_OP_CONST)
        return P4E_READ_ONLY;
    uint64_t target;
    int status = table_target(engine, table->spec, op, data, NULL, &target);
    if (status)
        return status;
    uint64_t old = atomic_exchange_explicit(&entry->target, target, memory_order_acq_rel);
    p4e_profile_release(old);
    table_free_target(&engine->reclaim, table->spec, entry, old);
    slot->idle_us = (op->idle_ns + 999) / 1000;
    return P4E_OK;
}

/* Unlinks an entry and gives its memory and slot back. */
void p4e_table_drop(p4e_t *engine, p4e_table_t *table, p4e_entry_t *entry) {
    table_unpublish(engine, table, entry);
    p4e_profile_release(atomic_load_explicit(&entry->target, memory_order_relaxed));
    table_give_slot(table, (uint32_t)entry->handle);
    table->count--;
    table_free_entry(&engine->reclaim, table->spec, entry);
}

static int table_delete(p4e_t *engine, p4e_table_t *table, p4e_entry_t *entry) {
    if (table->slots[(uint32_t)entry->handle].flags & P4E_OP_CONST)
        return P4E_READ_ONLY;
    p4e_table_drop(engine, table, entry);
    return P4E_OK;
}

/* Runs one operation; `entry` is zeroed scratch with room for one, and is used up by a successful insertion. */
int p4e_table_apply(p4e_t *engine, p4e_table_t *table, const p4e_op_t *op, const uint8_t *body, p4e_entry_t *entry,
                    uint64_t *handle) {
    const p4e_table_spec_t *spec = table->spec;
    const uint8_t *mask = op->flags & P4E_OP_MASK ? body + spec->key_bytes : NULL;
    const uint8_t *data = body + spec->key_bytes * (mask ? 2 : 1);
    if (spec->kind == P4E_TABLE_NONE)
        return P4E_BAD_VALUE;
    int status = p4e_pack_match(spec, body, mask, op->priority, entry);
    if (status)
        return status;
    p4e_entry_t *same = p4e_table_same(table, entry);
    if (op->kind == P4E_OP_INSERT)
        return same ? P4E_DUPLICATE : table_insert(engine, table, entry, op, data, handle);
    if (!same)
        return P4E_NOT_FOUND;
    *handle = same->handle;
    return op->kind == P4E_OP_MODIFY ? table_modify(engine, table, same, op, data) : table_delete(engine, table, same);
}
