/* Table entries and what they run.
 *
 * An entry keeps its address from insertion to deletion; a modification swaps the pointer to what it runs. So indexes
 * need no change, counters go on, and a reader sees the old action or the new one.
 */
#ifndef P4E_ENTRY_H
#define P4E_ENTRY_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "meter.h"
#include "spec.h"

/* An action of a table (or action profile) and its parameters in native form. Immutable. */
typedef struct p4e_call {
    uint32_t action;
    uint32_t spare;
    uint64_t data[];
} p4e_call_t;

typedef struct p4e_member {
    _Atomic(const p4e_call_t *) call;
    uint64_t handle;
    uint64_t users; /* entries and group places that refer to it */
} p4e_member_t;

/* The members of a group at one moment, repeated by weight. Immutable. */
typedef struct p4e_choice {
    uint32_t count;
    p4e_member_t *members[];
} p4e_choice_t;

typedef struct p4e_group {
    _Atomic(const p4e_choice_t *) choice;
    uint64_t handle;
    uint64_t users;
} p4e_group_t;

/* What an entry runs: a call, a member, or a group. The low bits of the pointer tell. */
#define P4E_TARGET_CALL 0u
#define P4E_TARGET_MEMBER 1u
#define P4E_TARGET_GROUP 2u
#define P4E_TARGET_MASK 3u

typedef struct p4e_entry p4e_entry_t;
struct p4e_entry {
    _Atomic uint64_t packets, bytes;
    _Atomic uint64_t last_hit; /* microseconds */
    p4e_meter_t *meter;
    uint64_t rank;               /* larger wins */
    _Atomic(p4e_entry_t *) next; /* same place of the index, smaller or equal rank */
    uint64_t place;              /* where it lies in its table's blocks or groups of ranges; 0: elsewhere */
    uint64_t handle;
    _Atomic uint64_t target; /* tagged pointer; begins a cache line, with the key and what most entries run */
    uint64_t words[]; /* key; mask, upper bounds and priority, where the table has them; then the first call */
};

#define P4E_ENTRY_LINE 64u
_Static_assert(offsetof(p4e_entry_t, target) == P4E_ENTRY_LINE, "an exact match reads one cache line of an entry");

static inline p4e_entry_t *p4e_entry_next(const p4e_entry_t *entry) {
    return atomic_load_explicit(&entry->next, memory_order_acquire);
}

/* Adds to a counter that only the packet thread raises. */
static inline void p4e_bump(_Atomic uint64_t *counter, uint64_t by) {
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + by, memory_order_relaxed);
}

static inline void p4e_entry_hit(p4e_entry_t *entry, uint64_t bytes) {
    p4e_bump(&entry->packets, 1);
    p4e_bump(&entry->bytes, bytes);
}

int p4e_pack_key(const p4e_field_t *fields, uint32_t count, const uint8_t *canonical, uint64_t *words);
void p4e_unpack_key(const p4e_field_t *fields, uint32_t count, const uint64_t *words, uint8_t *canonical);
int p4e_pack_call(const p4e_action_t *actions, uint32_t action_count, uint32_t action, const uint8_t *data,
                  uint32_t len, p4e_call_t *call);
void p4e_unpack_call(const p4e_action_t *action, const p4e_call_t *call, uint8_t *data);
p4e_call_t *p4e_call_new(const p4e_action_t *actions, uint32_t action_count, uint32_t action, const uint8_t *data,
                         uint32_t len, int *status);

#endif
