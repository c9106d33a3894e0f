/* The control calls of tables: writing in bulk, reading, finding, clearing, ageing. */
#include <string.h>

#include "control.h"

static p4e_table_t *table_at(p4e_t *engine, uint32_t table) {
    return table < engine->program->table_count ? &engine->tables[table] : NULL;
}

static p4e_slot_t *table_slot(const p4e_table_t *table, uint64_t handle) {
    uint32_t slot = (uint32_t)handle;
    if (slot >= table->slots_used || !table->slots[slot].entry || table->slots[slot].generation != handle >> 32)
        return NULL;
    return &table->slots[slot];
}

static size_t table_entry_bytes(const p4e_table_spec_t *spec) {
    size_t call = spec->profile < 0 ? sizeof(p4e_call_t) + spec->max_data : 0;
    size_t bytes = sizeof(p4e_entry_t) + p4e_entry_words(spec) * sizeof(uint64_t) + call;
    return (bytes + P4E_ENTRY_LINE - 1) / P4E_ENTRY_LINE * P4E_ENTRY_LINE;
}

static uint64_t table_op_bytes(const p4e_table_spec_t *spec, const p4e_op_t *op) {
    return (uint64_t)spec->key_bytes * (op->flags & P4E_OP_MASK ? 2 : 1) + op->data_len;
}

int p4e_table_write(p4e_t *engine, uint32_t table, const uint8_t *ops, uint64_t len, uint32_t count, int32_t *status,
                    uint64_t *handles) {
    p4e_table_t *t = table_at(engine, table);
    int failed = 0;
    p4e_entry_t *entry = NULL;
    p4e_lock(engine);
    engine->written = p4e_time(engine);
    for (uint32_t i = 0; i < count; i++) {
        p4e_op_t op = {0};
        bool whole = t && len >= sizeof op;
        if (whole) {
            memcpy(&op, ops, sizeof op);
            whole = len - sizeof op >= table_op_bytes(t->spec, &op);
        }
        handles[i] = 0;
        status[i] = whole ? P4E_NO_MEMORY : P4E_BAD_VALUE;
        if (whole) {
            size_t bytes = table_entry_bytes(t->spec);
            entry = entry ? entry : aligned_alloc(P4E_ENTRY_LINE, bytes);
            if (entry) {
                memset(entry, 0, bytes);
                status[i] = p4e_table_apply(engine, t, &op, ops + sizeof op, entry, &handles[i]);
            }
            if (status[i] == P4E_OK && op.kind == P4E_OP_INSERT)
                entry = NULL;
            ops += sizeof op + table_op_bytes(t->spec, &op);
            len -= sizeof op + table_op_bytes(t->spec, &op);
        }
        failed += status[i] != P4E_OK;
    }
    free(entry);
    return p4e_unlock(engine, failed);
}

int p4e_table_default(p4e_t *engine, uint32_t table, uint32_t action, const uint8_t *data, uint32_t len) {
    p4e_table_t *t = table_at(engine, table);
    if (!t)
        return P4E_NOT_FOUND;
    int status = P4E_OK;
    p4e_call_t *call = NULL;
    if (action != UINT32_MAX)
        call = p4e_call_new(t->spec->actions, t->spec->action_count, action, data, len, &status);
    if (status)
        return status;
    p4e_lock(engine);
    const p4e_call_t *old = atomic_exchange_explicit(&t->fallback, call, memory_order_acq_rel);
    p4e_retire(&engine->reclaim, (void *)(uintptr_t)old);
    return p4e_unlock(engine, P4E_OK);
}

static void table_describe_target(const p4e_table_spec_t *spec, uint64_t target, p4e_record_t *record, uint8_t *data) {
    const void *object = (const void *)(uintptr_t)(target & ~(uint64_t)P4E_TARGET_MASK);
    record->target_kind = target & P4E_TARGET_MASK;
    if (record->target_kind == P4E_TARGET_MEMBER) {
        record->target = ((const p4e_member_t *)object)->handle;
    } else if (record->target_kind == P4E_TARGET_GROUP) {
        record->target = ((const p4e_group_t *)object)->handle;
    } else {
        const p4e_call_t *call = object;
        record->action = call->action;
        record->data_len = spec->actions[call->action].bytes;
        p4e_unpack_call(&spec->actions[call->action], call, data);
    }
}

static void table_unpack_mask(const p4e_table_spec_t *spec, const p4e_entry_t *entry, uint8_t *mask) {
    const uint64_t *masks = entry->words + spec->words, *upper = masks + spec->words;
    for (uint32_t i = 0; i < spec->field_count; i++) {
        const p4e_field_t *field = &spec->fields[i];
        if (spec->kind != P4E_TABLE_EXACT) {
            p4e_unpack_key(field, 1, field->kind == P4E_KEY_RANGE ? upper : masks, mask);
            continue;
        }
        memset(mask + field->offset, 0xff, field->size);
        mask[field->offset] = (uint8_t)(0xffu >> (8 * field->size - field->width));
    }
}

static uint8_t *table_describe(p4e_t *engine, const p4e_table_t *table, const p4e_slot_t *slot, uint8_t *out) {
    const p4e_table_spec_t *spec = table->spec;
    const p4e_entry_t *entry = slot->entry;
    uint64_t hit = atomic_load_explicit(&entry->last_hit, memory_order_relaxed), now = p4e_time(engine);
    uint8_t *key = out + sizeof(p4e_record_t), *mask = key + spec->key_bytes, *data = mask + spec->key_bytes;
    p4e_record_t record = {
        .handle = entry->handle,
        .priority = spec->kind == P4E_TABLE_TERNARY ? (int32_t)(entry->rank >> 32) : 0,
        .flags = slot->flags,
        .idle_ns = slot->idle_us * 1000,
        .since_hit_ns = now > hit ? (now - hit) * 1000 : 0,
        .packets = atomic_load_explicit(&entry->packets, memory_order_relaxed),
        .bytes = atomic_load_explicit(&entry->bytes, memory_order_relaxed),
    };
    p4e_unpack_key(spec->fields, spec->field_count, entry->words, key);
    table_unpack_mask(spec, entry, mask);
    table_describe_target(spec, atomic_load_explicit(&entry->target, memory_order_relaxed), &record, data);
    memcpy(out, &record, sizeof record);
    return data + record.data_len;
}

uint32_t p4e_table_read(p4e_t *engine, uint32_t table, uint64_t *cursor, uint8_t *out, uint64_t room) {
    p4e_table_t *t = table_at(engine, table);
    uint32_t count = 0;
    if (!t)
        return 0;
    uint64_t largest = sizeof(p4e_record_t) + 2 * (uint64_t)t->spec->key_bytes;
    uint32_t data = 0;
    for (uint32_t a = 0; a < t->spec->action_count; a++)
        data = t->spec->actions[a].bytes > data ? t->spec->actions[a].bytes : data;
    largest += data;
    p4e_lock(engine);
    uint64_t slot = (uint32_t)*cursor;
    for (const uint8_t *end = out + room; slot < t->slots_used && (uint64_t)(end - out) >= largest; slot++)
        if (t->slots[slot].entry) {
            out = table_describe(engine, t, &t->slots[slot], out);
            count++;
        }
    *cursor = slot;
    p4e_unlock(engine, P4E_OK);
    return count;
}

int p4e_table_find(p4e_t *engine, uint32_t table, const uint8_t *key, const uint8_t *mask, int32_t priority,
                   uint64_t *handle) {
    p4e_table_t *t = table_at(engine, table);
    if (!t || t->spec->kind == P4E_TABLE_NONE)
        return P4E_NOT_FOUND;
    p4e_entry_t *wanted = calloc(1, table_entry_bytes(t->spec));
    if (!wanted)
        return P4E_NO_MEMORY;
    int status = p4e_pack_match(t->spec, key, mask, priority, wanted);
    p4e_lock(engine);
    if (!status) {
        const p4e_entry_t *same = p4e_table_same(t, wanted);
        status = same ? P4E_OK : P4E_NOT_FOUND;
        *handle = same ? same->handle : 0;
    }
    free(wanted);
    return p4e_unlock(engine, status);
}

uint64_t p4e_table_count(p4e_t *engine, uint32_t table) {
    p4e_table_t *t = table_at(engine, table);
    return t ? t->count : 0;
}

/* Removes all entries, constant ones too: the wrapper refuses where a table's entries are constant. */
int p4e_table_clear(p4e_t *engine, uint32_t table) {
    p4e_table_t *t = table_at(engine, table);
    if (!t)
        return P4E_NOT_FOUND;
    p4e_lock(engine);
    for (uint64_t i = 0; i < t->slots_used; i++)
        if (t->slots[i].entry)
            p4e_table_drop(engine, t, t->slots[i].entry);
    return p4e_unlock(engine, P4E_OK);
}

int p4e_table_stats(p4e_t *engine, uint32_t table, uint64_t *hits_misses) {
    const p4e_table_t *t = table_at(engine, table);
    if (!t)
        return P4E_NOT_FOUND;
    hits_misses[0] = atomic_load_explicit(&t->hits, memory_order_relaxed);
    hits_misses[1] = atomic_load_explicit(&t->misses, memory_order_relaxed);
    return P4E_OK;
}

int p4e_entry_counter(p4e_t *engine, uint32_t table, uint64_t handle, uint64_t *cells, int write) {
    const p4e_table_t *t = table_at(engine, table);
    p4e_lock(engine);
    const p4e_slot_t *slot = t ? table_slot(t, handle) : NULL;
    if (slot && write) {
        atomic_store_explicit(&slot->entry->packets, cells[0], memory_order_relaxed);
        atomic_store_explicit(&slot->entry->bytes, cells[1], memory_order_relaxed);
    } else if (slot) {
        cells[0] = atomic_load_explicit(&slot->entry->packets, memory_order_relaxed);
        cells[1] = atomic_load_explicit(&slot->entry->bytes, memory_order_relaxed);
    }
    return p4e_unlock(engine, slot ? P4E_OK : P4E_NOT_FOUND);
}

int p4e_entry_meter(p4e_t *engine, uint32_t table, uint64_t handle, uint64_t *cells, int write) {
    const p4e_table_t *t = table_at(engine, table);
    p4e_lock(engine);
    const p4e_slot_t *slot = t ? table_slot(t, handle) : NULL;
    int status = slot && slot->entry->meter ? p4e_meter_cell(&engine->reclaim, slot->entry->meter, cells, write)
                                            : P4E_NOT_FOUND;
    return p4e_unlock(engine, status);
}

uint32_t p4e_idle(p4e_t *engine, uint32_t table, uint64_t *handles, uint32_t room) {
    p4e_table_t *t = table_at(engine, table);
    uint32_t count = 0;
    if (!t || !t->spec->timeout)
        return 0;
    uint64_t now = p4e_time(engine);
    p4e_lock(engine);
    for (uint64_t i = 0; i < t->slots_used && count < room; i++) {
        p4e_slot_t *slot = &t->slots[i];
        if (!slot->entry || !slot->idle_us)
            continue;
        uint64_t hit = atomic_load_explicit(&slot->entry->last_hit, memory_order_relaxed);
        uint64_t since = hit > slot->told ? hit : slot->told;
        if (now < since || now - since < slot->idle_us)
            continue;
        slot->told = now;
        handles[count++] = slot->entry->handle;
    }
    p4e_unlock(engine, P4E_OK);
    return count;
}
