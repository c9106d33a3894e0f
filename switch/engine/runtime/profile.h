/* Action profiles: members and groups that table entries refer to. */
#ifndef P4E_PROFILE_H
#define P4E_PROFILE_H

#include "entry.h"
#include "reclaim.h"

/* Members or groups by handle: generation << 32 | place. */
typedef struct p4e_places {
    void **objects;
    uint32_t *generations;
    uint32_t used, room, live;
} p4e_places_t;

typedef struct p4e_profile {
    const p4e_profile_spec_t *spec;
    p4e_places_t members, groups;
} p4e_profile_t;

/* The call that `target` stands for; `hash` chooses in a group. NULL: an empty group. */
static inline const p4e_call_t *p4e_resolve(uint64_t target, uint64_t hash) {
    void *object = (void *)(uintptr_t)(target & ~(uint64_t)P4E_TARGET_MASK);
    if ((target & P4E_TARGET_MASK) == P4E_TARGET_CALL)
        return object;
    p4e_member_t *member = object;
    if ((target & P4E_TARGET_MASK) == P4E_TARGET_GROUP) {
        p4e_group_t *group = object;
        const p4e_choice_t *choice = atomic_load_explicit(&group->choice, memory_order_acquire);
        if (choice->count == 0)
            return NULL;
        member = choice->members[hash % choice->count];
    }
    return atomic_load_explicit(&member->call, memory_order_acquire);
}

int p4e_profile_use(p4e_profile_t *profile, uint32_t kind, uint64_t handle, uint64_t *target);
void p4e_profile_release(uint64_t target);
void p4e_profile_close(p4e_profile_t *profile);

#endif
