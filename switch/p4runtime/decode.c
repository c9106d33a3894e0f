/* Decodes a serialized p4.v1.WriteRequest straight into the engine's packed table operations.
 *
 * Only plain updates are decoded: table entries whose message holds nothing but table, match, priority and a direct
 * action, every value right. Whatever else stands there makes the update "slow", and Python decodes it the ordinary
 * way, which also finds the words for errors. So this file never reports an error itself.
 *
 * The plan is an array of 32-bit words made by decode.py; its records are the structs below.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))
#define SLOW UINT32_MAX
#define MAX_FIELDS 64

enum { INSERT = 1, MODIFY = 2, DELETE = 3 };
enum { EXACT, LPM, TERNARY, RANGE, OPTIONAL };
enum { VARINT = 0, LENGTH = 2 };

typedef struct table {
    uint32_t id, prioritised, key_size, masked;
    uint32_t fields, field_count;   /* index of the first word, number of records */
    uint32_t actions, action_count;
    uint32_t delete_head, head_size, priority_at; /* bytes in `heads`; where the priority stands in a head */
} table_t;

typedef struct field {
    uint32_t id, kind, width, size, offset;
} field_t;

typedef struct action {
    uint32_t id, params, param_count, data_size, insert_head, modify_head;
} action_t;

typedef struct run {
    uint32_t table; /* index in the plan, or SLOW */
    uint32_t first, count;
    uint32_t pad;
    uint64_t offset, length;
} run_t;

typedef struct span {
    const uint8_t *at, *end;
} span_t;

typedef struct plan {
    const uint32_t *words;
    const uint8_t *heads;
    uint32_t table_count;
    const uint8_t *allowed; /* per table: bit INSERT, MODIFY, DELETE */
} plan_t;

typedef struct entry {
    uint64_t table_id, priority;
    span_t action;
    span_t matches[MAX_FIELDS];
    uint32_t match_count;
    bool has_action;
} entry_t;

static bool varint(span_t *in, uint64_t *value) {
    *value = 0;
    for (unsigned shift = 0; shift < 64 && in->at < in->end; shift += 7) {
        uint8_t byte = *in->at++;
        *value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

/* The next field of a message: its number, and its value as a number or as a span. */
static bool next(span_t *in, uint32_t *number, uint64_t *value, span_t *inner, uint32_t *wire) {
    uint64_t tag;
    if (!varint(in, &tag) || tag >> 3 == 0 || tag >> 3 > 0x1FFFFFFF)
        return false;
    *number = (uint32_t)(tag >> 3);
    *wire = tag & 7;
    if (*wire == VARINT)
        return varint(in, value);
    if (*wire != LENGTH || !varint(in, value) || *value > (uint64_t)(in->end - in->at))
        return false;
    *inner = (span_t){in->at, in->at + *value};
    in->at += *value;
    return true;
}

/* A byte string as a number of `width` bits in `size` bytes. */
static bool put(uint8_t *out, span_t value, uint32_t width, uint32_t size) {
    if (value.at == value.end)
        return false;
    while (value.end - value.at > (ptrdiff_t)size && *value.at == 0)
        value.at++;
    size_t length = (size_t)(value.end - value.at);
    if (length > size || (length == size && width % 8 && *value.at >> width % 8))
        return false;
    memset(out, 0, size - length);
    memcpy(out + size - length, value.at, length);
    return true;
}

static void ones(uint8_t *out, uint32_t width, uint32_t size) {
    memset(out, 0xFF, size);
    if (width % 8)
        out[0] = (uint8_t)((1u << width % 8) - 1);
}

static bool all_zero(const uint8_t *data, uint32_t size) {
    for (uint32_t i = 0; i < size; i++)
        if (data[i])
            return false;
    return true;
}

static bool prefix(uint8_t *mask, const uint8_t *key, const field_t *field, uint64_t length) {
    if (length == 0 || length > field->width)
        return false;
    uint32_t clear = field->width - (uint32_t)length;
    ones(mask, field->width, field->size);
    memset(mask + field->size - clear / 8, 0, clear / 8);
    if (clear % 8)
        mask[field->size - clear / 8 - 1] &= (uint8_t)(0xFFu << clear % 8);
    for (uint32_t i = 0; i < field->size; i++)
        if (key[i] & ~mask[i])
            return false;
    return true;
}

static bool ternary(uint8_t *mask, const uint8_t *key, const field_t *field, span_t given) {
    if (!put(mask, given, field->width, field->size) || all_zero(mask, field->size))
        return false;
    for (uint32_t i = 0; i < field->size; i++)
        if (key[i] & ~mask[i])
            return false;
    return true;
}

static bool range(uint8_t *high, const uint8_t *low, const field_t *field, span_t given) {
    if (!put(high, given, field->width, field->size) || memcmp(low, high, field->size) > 0)
        return false;
    uint8_t first = (uint8_t)(field->width % 8 ? (1u << field->width % 8) - 1 : 0xFF);
    bool full = high[0] == first && all_zero(low, field->size);
    for (uint32_t i = 1; full && i < field->size; i++)
        full = high[i] == 0xFF;
    return !full;
}

/* The message inside a FieldMatch: a value, and a mask, high bound or prefix length. */
static bool match_value(span_t in, const field_t *field, uint8_t *key, uint8_t *mask) {
    span_t value = {0}, second = {0}, inner;
    uint64_t number = 0, length = 0;
    uint32_t id, wire;
    while (in.at < in.end) {
        if (!next(&in, &id, &number, &inner, &wire))
            return false;
        if (id == 1 && wire == LENGTH && !value.at)
            value = inner;
        else if (id == 2 && wire == LENGTH && field->kind != LPM && !second.at)
            second = inner;
        else if (id == 2 && wire == VARINT && field->kind == LPM)
            length = number;
        else
            return false;
    }
    if (!value.at || !put(key, value, field->width, field->size))
        return false;
    switch (field->kind) {
    case LPM:
        return prefix(mask, key, field, length);
    case TERNARY:
        return second.at && ternary(mask, key, field, second);
    case RANGE:
        return second.at && range(mask, key, field, second);
    default:
        ones(mask, field->width, field->size);
        return !second.at;
    }
}

static bool match(span_t in, const field_t *fields, uint32_t count, uint64_t *seen, uint8_t *key, uint8_t *mask) {
    static const uint32_t kinds[] = {[2] = EXACT, [3] = TERNARY, [4] = LPM, [6] = RANGE, [7] = OPTIONAL};
    span_t inner = {0}, given;
    uint64_t number = 0, id_value = 0;
    uint32_t id, wire, kind_field = 0;
    while (in.at < in.end) {
        if (!next(&in, &id, &number, &given, &wire))
            return false;
        if (id == 1 && wire == VARINT) {
            id_value = number;
        } else if (id >= 2 && id <= 7 && id != 5 && wire == LENGTH && !kind_field) {
            kind_field = id;
            inner = given;
        } else {
            return false;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        const field_t *field = &fields[i];
        if (field->id != id_value)
            continue;
        if (!kind_field || kinds[kind_field] != field->kind || *seen >> i & 1)
            return false;
        *seen |= (uint64_t)1 << i;
        return match_value(inner, field, key + field->offset, mask + field->offset);
    }
    return false;
}

/* Key and mask (the mask after the key; for exact keys it is only scratch). */
static bool put_key(const plan_t *plan, const table_t *table, const entry_t *entry, uint8_t *out) {
    const field_t *fields = (const field_t *)(plan->words + table->fields);
    uint64_t seen = 0;
    for (uint32_t i = 0; i < entry->match_count; i++)
        if (!match(entry->matches[i], fields, table->field_count, &seen, out, out + table->key_size))
            return false;
    for (uint32_t i = 0; i < table->field_count; i++) {
        const field_t *field = &fields[i];
        uint8_t *key = out + field->offset, *mask = key + table->key_size;
        if (seen >> i & 1)
            continue;
        if (field->kind == EXACT)
            return false;
        memset(key, 0, field->size);
        memset(mask, 0, field->size);
        if (field->kind == RANGE)
            ones(mask, field->width, field->size);
    }
    return true;
}

static bool param(span_t in, const field_t *params, uint32_t count, uint64_t *seen, uint8_t *out) {
    span_t value = {0}, inner;
    uint64_t number = 0, id_value = 0;
    uint32_t id, wire;
    while (in.at < in.end) {
        if (!next(&in, &id, &number, &inner, &wire))
            return false;
        if (id == 2 && wire == VARINT)
            id_value = number;
        else if (id == 3 && wire == LENGTH && !value.at)
            value = inner;
        else
            return false;
    }
    for (uint32_t i = 0; i < count; i++)
        if (params[i].id == id_value && !(*seen >> i & 1)) {
            *seen |= (uint64_t)1 << i;
            return value.at && put(out + params[i].offset, value, params[i].width, params[i].size);
        }
    return false;
}

static const action_t *find_action(const plan_t *plan, const table_t *table, uint64_t id) {
    const action_t *actions = (const action_t *)(plan->words + table->actions);
    for (uint32_t i = 0; i < table->action_count; i++)
        if (actions[i].id == id)
            return &actions[i];
    return NULL;
}

/* A TableAction that is a direct action; the parameters go to `out`. */
static const action_t *put_action(const plan_t *plan, const table_t *table, span_t in, uint8_t *out) {
    span_t inner, again, first;
    uint64_t number, id_value = 0, seen = 0;
    uint32_t id, wire, count = 0;
    if (!next(&in, &id, &number, &inner, &wire) || id != 1 || wire != LENGTH || in.at != in.end)
        return NULL;
    for (again = inner; again.at < again.end;) {
        if (!next(&again, &id, &number, &first, &wire))
            return NULL;
        if (id == 1 && wire == VARINT)
            id_value = number;
        else if (id != 4 || wire != LENGTH)
            return NULL;
    }
    const action_t *action = find_action(plan, table, id_value);
    if (!action)
        return NULL;
    const field_t *params = (const field_t *)(plan->words + action->params);
    for (again = inner; again.at < again.end;) {
        next(&again, &id, &number, &first, &wire);
        if (id == 4 && (!param(first, params, action->param_count, &seen, out) || ++count > action->param_count))
            return NULL;
    }
    return count == action->param_count ? action : NULL;
}

static bool read_entry(span_t in, entry_t *entry) {
    span_t inner;
    uint64_t number;
    uint32_t id, wire;
    entry->table_id = entry->priority = entry->match_count = 0;
    entry->has_action = false;
    while (in.at < in.end) {
        if (!next(&in, &id, &number, &inner, &wire))
            return false;
        if (id == 1 && wire == VARINT) {
            entry->table_id = number;
        } else if (id == 2 && wire == LENGTH && entry->match_count < MAX_FIELDS) {
            entry->matches[entry->match_count++] = inner;
        } else if (id == 3 && wire == LENGTH && !entry->has_action) {
            entry->action = inner;
            entry->has_action = true;
        } else if (id == 4 && wire == VARINT && number <= INT32_MAX) {
            entry->priority = number;
        } else {
            return false;
        }
    }
    return true;
}

static uint32_t find_table(const plan_t *plan, uint64_t id) {
    const table_t *tables = (const table_t *)plan->words;
    for (uint32_t i = 0; i < plan->table_count; i++)
        if (tables[i].id == id)
            return i;
    return SLOW;
}

/* The table entry of an Update with its type, if the update is nothing else. */
static bool read_update(span_t in, uint64_t *type, entry_t *entry) {
    span_t entity = {0}, table_entry, inner;
    uint64_t number;
    uint32_t id, wire;
    *type = 0;
    while (in.at < in.end) {
        if (!next(&in, &id, &number, &inner, &wire))
            return false;
        if (id == 1 && wire == VARINT)
            *type = number;
        else if (id == 2 && wire == LENGTH && !entity.at)
            entity = inner;
        else
            return false;
    }
    if (!entity.at || !next(&entity, &id, &number, &table_entry, &wire))
        return false;
    return id == 2 && wire == LENGTH && entity.at == entity.end && read_entry(table_entry, entry);
}

/* One update as an operation at `out`; the index of its table, or SLOW. */
static uint32_t put_update(const plan_t *plan, span_t in, uint8_t *out, uint64_t *length) {
    entry_t entry;
    uint64_t type;
    if (!read_update(in, &type, &entry) || type < INSERT || type > DELETE)
        return SLOW;
    uint32_t index = find_table(plan, entry.table_id);
    if (index == SLOW || !(plan->allowed[index] >> type & 1))
        return SLOW;
    const table_t *table = (const table_t *)plan->words + index;
    if ((entry.priority > 0) != (table->prioritised != 0) || !put_key(plan, table, &entry, out + table->head_size))
        return SLOW;
    uint32_t head = table->delete_head, key = table->key_size << table->masked, data = 0;
    if (type != DELETE) {
        if (!entry.has_action)
            return SLOW;
        const action_t *action = put_action(plan, table, entry.action, out + table->head_size + key);
        if (!action)
            return SLOW;
        head = type == INSERT ? action->insert_head : action->modify_head;
        data = action->data_size;
    }
    memcpy(out, plan->heads + head, table->head_size);
    for (int i = 0; table->prioritised && i < 4; i++)
        out[table->priority_at + i] = (uint8_t)(entry.priority >> 8 * i);
    *length = table->head_size + key + data;
    return index;
}

/* Decodes up to `max` updates into runs of updates that go to the same table, or that are slow; each operation needs
 * at most `op_size` bytes of `out`. Returns the number of runs, which is at most `max`. */
EXPORT uint32_t p4d_decode(const uint32_t *words, uint32_t table_count, const uint8_t *heads, const uint8_t *allowed,
                           const uint8_t *raw, uint64_t size, run_t *runs, uint32_t max, uint8_t *out) {
    plan_t plan = {words, heads, table_count, allowed};
    span_t in = {raw, raw + size}, inner;
    uint64_t number, offset = 0;
    uint32_t id, wire, count = 0, updates = 0;
    while (in.at < in.end && updates < max && next(&in, &id, &number, &inner, &wire)) {
        if (id != 4 || wire != LENGTH)
            continue;
        uint64_t length = 0;
        uint32_t table = put_update(&plan, inner, out + offset, &length);
        if (count == 0 || runs[count - 1].table != table)
            runs[count++] = (run_t){.table = table, .first = updates, .offset = offset};
        runs[count - 1].count++;
        runs[count - 1].length += length;
        offset += length;
        updates++;
    }
    return count;
}
