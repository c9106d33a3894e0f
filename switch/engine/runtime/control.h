/* Control calls: what the Python wrapper (and a C decoder of write requests) may call, from any thread.
 *
 * They return P4E_OK or a negative status. Handles never stand for another entry later.
 */
#ifndef P4E_CONTROL_H
#define P4E_CONTROL_H

#include "engine.h"

enum { P4E_OP_INSERT, P4E_OP_MODIFY, P4E_OP_DELETE };
enum { P4E_OP_MASK = 1, P4E_OP_CONST = 2 };

/* One operation of p4e_table_write. Behind it: the key, the mask if P4E_OP_MASK, data_len bytes of action data.
 * Modifications and deletions find their entry by key, mask and priority. Little-endian, packed. */
typedef struct __attribute__((packed)) p4e_op {
    uint8_t kind;
    uint8_t target_kind; /* P4E_TARGET_* */
    uint16_t flags;
    uint32_t action; /* index among the table's actions */
    int32_t priority;
    uint32_t data_len;
    uint64_t idle_ns;
    uint64_t target; /* handle of a member or group */
} p4e_op_t;

/* One entry of p4e_table_read. Behind it: key, mask, data_len bytes of action data. */
typedef struct __attribute__((packed)) p4e_record {
    uint64_t handle;
    int32_t priority;
    uint32_t flags;
    uint64_t idle_ns;
    uint64_t since_hit_ns;
    uint32_t target_kind;
    uint32_t action;
    uint64_t target;
    uint64_t packets, bytes;
    uint32_t data_len;
    uint32_t spare;
} p4e_record_t;

P4E_API p4e_t *p4e_open(const p4e_options_t *options);
P4E_API void p4e_close(p4e_t *engine);
P4E_API void p4e_set_time(p4e_t *engine, uint64_t microseconds);
P4E_API uint32_t p4e_stats(p4e_t *engine, uint64_t *cells, uint32_t room);

/* Runs packets from `in` (records: port, length, bytes); `*out` (records: input, port, length, bytes) lives until the
 * next call. */
P4E_API int p4e_process(p4e_t *engine, const uint8_t *in, uint64_t len, uint32_t count, const uint8_t **out,
                        uint64_t *out_len);
/* Runs the same packets `rounds` times and discards what leaves; returns nanoseconds. For benchmarks. */
P4E_API uint64_t p4e_replay(p4e_t *engine, const uint8_t *in, uint64_t len, uint32_t count, uint32_t rounds,
                            uint64_t tick_us);

/* Runs `count` operations; returns how many failed. A failed one stops no other. */
P4E_API int p4e_table_write(p4e_t *engine, uint32_t table, const uint8_t *ops, uint64_t len, uint32_t count,
                            int32_t *status, uint64_t *handles);
/* Action UINT32_MAX: no default action. */
P4E_API int p4e_table_default(p4e_t *engine, uint32_t table, uint32_t action, const uint8_t *data, uint32_t len);
/* Fills `out` with entries from the slot of `*cursor` on and moves it; returns how many, 0 at the end. */
P4E_API uint32_t p4e_table_read(p4e_t *engine, uint32_t table, uint64_t *cursor, uint8_t *out, uint64_t room);
P4E_API int p4e_table_find(p4e_t *engine, uint32_t table, const uint8_t *key, const uint8_t *mask, int32_t priority,
                           uint64_t *handle);
P4E_API uint64_t p4e_table_count(p4e_t *engine, uint32_t table);
P4E_API int p4e_table_clear(p4e_t *engine, uint32_t table);
P4E_API int p4e_table_stats(p4e_t *engine, uint32_t table, uint64_t *hits_misses);
P4E_API int p4e_entry_counter(p4e_t *engine, uint32_t table, uint64_t handle, uint64_t *cells, int write);
P4E_API int p4e_entry_meter(p4e_t *engine, uint32_t table, uint64_t handle, uint64_t *cells, int write);
/* Handles of entries whose idle timeout has passed (again). */
P4E_API uint32_t p4e_idle(p4e_t *engine, uint32_t table, uint64_t *handles, uint32_t room);

P4E_API int p4e_member_add(p4e_t *engine, uint32_t profile, uint32_t action, const uint8_t *data, uint32_t len,
                           uint64_t *handle);
P4E_API int p4e_member_modify(p4e_t *engine, uint32_t profile, uint64_t handle, uint32_t action, const uint8_t *data,
                              uint32_t len);
P4E_API int p4e_member_delete(p4e_t *engine, uint32_t profile, uint64_t handle);
P4E_API int p4e_group_add(p4e_t *engine, uint32_t profile, const uint64_t *members, uint32_t count, uint64_t *handle);
P4E_API int p4e_group_modify(p4e_t *engine, uint32_t profile, uint64_t handle, const uint64_t *members, uint32_t count);
P4E_API int p4e_group_delete(p4e_t *engine, uint32_t profile, uint64_t handle);

/* Cells are pairs (packets, bytes). */
P4E_API int p4e_counter(p4e_t *engine, uint32_t counter, uint64_t start, uint64_t count, uint64_t *cells, int write);
/* Cells: cir, cburst, pir, pburst, eburst, whether the meter has rates; then packets and bytes of green, yellow, red.
 * `write` says which of the two are set. */
enum { P4E_WRITE_RATES = 1, P4E_WRITE_COLOURS = 2 };
P4E_API int p4e_meter(p4e_t *engine, uint32_t meter, uint64_t index, uint64_t *cells, int write);
/* Cells are big-endian bytes. */
P4E_API int p4e_register(p4e_t *engine, uint32_t array, uint64_t start, uint64_t count, uint8_t *cells, int write);
/* Pairs of value and mask, each of the set's key length. */
P4E_API int p4e_value_set(p4e_t *engine, uint32_t set, const uint8_t *values, uint32_t count);

/* For each replica port, instance and the number of its backups, then port and instance of those; NULL removes. */
P4E_API int p4e_multicast(p4e_t *engine, uint32_t group, const uint32_t *replicas, uint32_t count);
P4E_API int p4e_clone_session(p4e_t *engine, uint32_t session, const uint32_t *replicas, uint32_t count,
                              uint32_t truncate);

/* Moves whole events to `out`; returns the bytes used. */
P4E_API uint64_t p4e_events(p4e_t *engine, uint8_t *out, uint64_t room);
/* `call` runs in the packet thread at the end of a batch that queued events. */
P4E_API void p4e_on_event(p4e_t *engine, void (*call)(void *), void *argument);

/* Takes over from `old`, no packet being in flight, what has the same layout; says what in `kept`: one byte each for
 * tables, profiles, counters, meters, registers, value sets, then one for replication. Returns how many. */
P4E_API uint32_t p4e_adopt(p4e_t *engine, p4e_t *old, uint8_t *kept);

/* Between table.c and table_read.c. */
int p4e_table_apply(p4e_t *engine, p4e_table_t *table, const p4e_op_t *op, const uint8_t *body, p4e_entry_t *entry,
                    uint64_t *handle);
void p4e_table_drop(p4e_t *engine, p4e_table_t *table, p4e_entry_t *entry);
int p4e_pack_match(const p4e_table_spec_t *spec, const uint8_t *key, const uint8_t *mask, int32_t priority,
                   p4e_entry_t *entry);
int p4e_check_field(const p4e_field_t *field, const uint8_t *key, const uint8_t *mask);
void p4e_common_prefix(const p4e_field_t *field, const uint64_t *low, const uint64_t *high, uint64_t *mask);
void p4e_mask_unranged(const p4e_table_spec_t *spec, uint64_t *words, const uint64_t *masks);

#endif
