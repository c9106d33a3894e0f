/* What a packet did, as records in memory. Only code compiled with P4E_TRACE records; elsewhere all of this is nothing,
 * so the packet path pays nothing for it.
 *
 * A record is p4e_trace_record_t, then `size` bytes:
 *   TABLE  number: table, value: handle + 1 of the entry that was hit (0: none), detail: action + 1 (0: none);
 *          the canonical key, then the action's canonical data
 *   COUNT  number: counter, value: cell
 *   OUT    number: port; the packet
 *   INGRESS, EGRESS  number: port, value: bytes of the packet
 *   CLONED number: session; DIGEST number: list; the others: no more
 */
#ifndef P4E_TRACE_H
#define P4E_TRACE_H

enum {
    P4E_TRACE_INGRESS = 1,
    P4E_TRACE_EGRESS,
    P4E_TRACE_TABLE,
    P4E_TRACE_COUNT,
    P4E_TRACE_DROPPED,
    P4E_TRACE_OUT,
    P4E_TRACE_CLONED,
    P4E_TRACE_RECIRCULATED,
    P4E_TRACE_RESUBMITTED,
    P4E_TRACE_REPLICATED,
    P4E_TRACE_DIGEST,
    P4E_TRACE_CUT, /* the memory was full: more happened */
};

#ifdef P4E_TRACE

#include "engine.h"

typedef struct __attribute__((packed)) p4e_trace_record {
    uint32_t kind, number;
    uint64_t value;
    uint32_t detail, size;
} p4e_trace_record_t;

/* Room for a record with `size` bytes behind it; NULL when the memory is full. */
static uint8_t *p4e_trace_add(p4e_t *engine, uint32_t kind, uint32_t number, uint64_t value, uint32_t detail,
                              uint32_t size) {
    p4e_trace_t *trace = engine->trace;
    const p4e_trace_record_t record = {kind, number, value, detail, size};
    if (!trace || trace->cut)
        return NULL;
    uint64_t reserve = kind == P4E_TRACE_CUT ? 0 : sizeof record;
    if (trace->room - trace->used < sizeof record + size + reserve) {
        p4e_trace_add(engine, P4E_TRACE_CUT, 0, 0, 0, 0);
        trace->cut = true;
        return NULL;
    }
    memcpy(trace->bytes + trace->used, &record, sizeof record);
    uint8_t *body = trace->bytes + trace->used + sizeof record;
    trace->used += sizeof record + size;
    return body;
}

static void p4e_trace(p4e_t *engine, uint32_t kind, uint32_t number, uint64_t value) {
    p4e_trace_add(engine, kind, number, value, 0, 0);
}

static void p4e_trace_table(p4e_t *engine, uint32_t number, const p4e_entry_t *entry, const p4e_call_t *call,
                            const uint64_t *key) {
    const p4e_table_spec_t *spec = engine->tables[number].spec;
    const p4e_action_t *actions =
        spec->profile < 0 ? spec->actions : engine->program->profiles[spec->profile].actions;
    const p4e_action_t *action = call ? &actions[call->action] : NULL;
    uint32_t size = spec->key_bytes + (action ? action->bytes : 0);
    uint8_t *body = p4e_trace_add(engine, P4E_TRACE_TABLE, number, entry ? entry->handle + 1 : 0,
                                  call ? call->action + 1 : 0, size);
    if (!body)
        return;
    if (key)
        p4e_unpack_key(spec->fields, spec->field_count, key, body);
    if (action)
        p4e_unpack_call(action, call, body + spec->key_bytes);
}

static void p4e_trace_out(p4e_t *engine, uint32_t port, const uint8_t *data, uint32_t len) {
    uint8_t *body = p4e_trace_add(engine, P4E_TRACE_OUT, port, 0, 0, len);
    if (body)
        memcpy(body, data, len);
}

#else

#define p4e_trace(engine, kind, number, value) ((void)0)
#define p4e_trace_table(engine, number, entry, call, key) ((void)0)
#define p4e_trace_out(engine, port, data, len) ((void)0)

#endif
#endif
