/* Control calls of action profiles; see profile.h. */
#include "profile.h"

#include <string.h>

#include "control.h"

static void *places_find(const p4e_places_t *places, uint64_t handle) {
    uint32_t place = (uint32_t)handle;
    return place < places->used && places->generations[place] == handle >> 32 ? places->objects[place] : NULL;
}

static int places_add(p4e_places_t *places, void *object, uint64_t *handle) {
    uint32_t place = 0;
    while (place < places->used && places->objects[place])
        place = places->live == places->used ? places->used : place + 1;
    if (place == places->room) {
        uint32_t room = places->room ? 2 * places->room : 16;
        void **objects = realloc(places->objects, room * sizeof *objects);
        places->objects = objects ? objects : places->objects;
        uint32_t *generations = realloc(places->generations, room * sizeof *generations);
        places->generations = generations ? generations : places->generations;
        if (!objects || !generations)
            return P4E_NO_MEMORY;
        memset(generations + places->room, 0, (room - places->room) * sizeof *generations);
        places->room = room;
    }
    if (place == places->used)
        places->used++;
    places->objects[place] = object;
    places->live++;
    *handle = (uint64_t)places->generations[place] << 32 | place;
    return P4E_OK;
}

static void places_remove(p4e_places_t *places, uint64_t handle) {
    places->objects[(uint32_t)handle] = NULL;
    places->generations[(uint32_t)handle]++;
    places->live--;
}

static p4e_profile_t *profile_at(p4e_t *engine, uint32_t profile) {
    return profile < engine->program->profile_count ? &engine->profiles[profile] : NULL;
}

/* Refers to a member or group from an entry. */
int p4e_profile_use(p4e_profile_t *profile, uint32_t kind, uint64_t handle, uint64_t *target) {
    if (kind == P4E_TARGET_MEMBER) {
        p4e_member_t *member = places_find(&profile->members, handle);
        if (!member)
            return P4E_NOT_FOUND;
        member->users++;
        *target = (uint64_t)(uintptr_t)member | P4E_TARGET_MEMBER;
        return P4E_OK;
    }
    p4e_group_t *group = kind == P4E_TARGET_GROUP ? places_find(&profile->groups, handle) : NULL;
    if (!group)
        return P4E_NOT_FOUND;
    group->users++;
    *target = (uint64_t)(uintptr_t)group | P4E_TARGET_GROUP;
    return P4E_OK;
}

/* Ends what p4e_profile_use began; calls need none of it. */
void p4e_profile_release(uint64_t target) {
    void *object = (void *)(uintptr_t)(target & ~(uint64_t)P4E_TARGET_MASK);
    if ((target & P4E_TARGET_MASK) == P4E_TARGET_MEMBER)
        ((p4e_member_t *)object)->users--;
    if ((target & P4E_TARGET_MASK) == P4E_TARGET_GROUP)
        ((p4e_group_t *)object)->users--;
}

int p4e_member_add(p4e_t *engine, uint32_t profile, uint32_t action, const uint8_t *data, uint32_t len,
                   uint64_t *handle) {
    p4e_profile_t *p = profile_at(engine, profile);
    if (!p)
        return P4E_NOT_FOUND;
    int status;
    p4e_call_t *call = p4e_call_new(p->spec->actions, p->spec->action_count, action, data, len, &status);
    p4e_member_t *member = call ? calloc(1, sizeof *member) : NULL;
    if (!member) {
        free(call);
        return status ? status : P4E_NO_MEMORY;
    }
    atomic_init(&member->call, call);
    p4e_lock(engine);
    status = p->members.live >= p->spec->size ? P4E_FULL : places_add(&p->members, member, &member->handle);
    *handle = member->handle;
    p4e_unlock(engine, status);
    if (status) {
        free(call);
        free(member);
    }
    return status;
}

int p4e_member_modify(p4e_t *engine, uint32_t profile, uint64_t handle, uint32_t action, const uint8_t *data,
                      uint32_t len) {
    p4e_profile_t *p = profile_at(engine, profile);
    if (!p)
        return P4E_NOT_FOUND;
    int status;
    p4e_call_t *call = p4e_call_new(p->spec->actions, p->spec->action_count, action, data, len, &status);
    if (!call)
        return status;
    p4e_lock(engine);
    p4e_member_t *member = places_find(&p->members, handle);
    if (member) {
        const p4e_call_t *old = atomic_exchange_explicit(&member->call, call, memory_order_acq_rel);
        p4e_retire(&engine->reclaim, (void *)(uintptr_t)old);
    } else {
        free(call);
    }
    return p4e_unlock(engine, member ? P4E_OK : P4E_NOT_FOUND);
}

int p4e_member_delete(p4e_t *engine, uint32_t profile, uint64_t handle) {
    p4e_profile_t *p = profile_at(engine, profile);
    if (!p)
        return P4E_NOT_FOUND;
    p4e_lock(engine);
    p4e_member_t *member = places_find(&p->members, handle);
    int status = !member ? P4E_NOT_FOUND : member->users ? P4E_IN_USE : P4E_OK;
    if (!status) {
        places_remove(&p->members, handle);
        p4e_retire(&engine->reclaim, (void *)(uintptr_t)atomic_load(&member->call));
        p4e_retire(&engine->reclaim, member);
    }
    return p4e_unlock(engine, status);
}

static p4e_choice_t *choice_new(p4e_profile_t *profile, const uint64_t *handles, uint32_t count, int *status) {
    p4e_choice_t *choice = malloc(sizeof *choice + count * sizeof choice->members[0]);
    *status = choice ? P4E_OK : P4E_NO_MEMORY;
    for (uint32_t i = 0; choice && i < count; i++) {
        choice->members[i] = places_find(&profile->members, handles[i]);
        if (!choice->members[i]) {
            *status = P4E_NOT_FOUND;
            free(choice);
            return NULL;
        }
    }
    if (choice)
        choice->count = count;
    for (uint32_t i = 0; choice && i < count; i++)
        choice->members[i]->users++;
    return choice;
}

static void choice_drop(p4e_reclaim_t *reclaim, const p4e_choice_t *choice) {
    for (uint32_t i = 0; i < choice->count; i++)
        choice->members[i]->users--;
    p4e_retire(reclaim, (void *)(uintptr_t)choice);
}

int p4e_group_add(p4e_t *engine, uint32_t profile, const uint64_t *members, uint32_t count, uint64_t *handle) {
    p4e_profile_t *p = profile_at(engine, profile);
    p4e_group_t *group = p ? calloc(1, sizeof *group) : NULL;
    if (!group)
        return p ? P4E_NO_MEMORY : P4E_NOT_FOUND;
    int status;
    p4e_lock(engine);
    p4e_choice_t *choice = choice_new(p, members, count, &status);
    if (choice) {
        atomic_init(&group->choice, choice);
        status = places_add(&p->groups, group, &group->handle);
        *handle = group->handle;
    }
    if (status) {
        if (choice)
            choice_drop(&engine->reclaim, choice);
        free(group);
    }
    return p4e_unlock(engine, status);
}

int p4e_group_modify(p4e_t *engine, uint32_t profile, uint64_t handle, const uint64_t *members, uint32_t count) {
    p4e_profile_t *p = profile_at(engine, profile);
    if (!p)
        return P4E_NOT_FOUND;
    int status = P4E_NOT_FOUND;
    p4e_lock(engine);
    p4e_group_t *group = places_find(&p->groups, handle);
    p4e_choice_t *choice = group ? choice_new(p, members, count, &status) : NULL;
    if (choice)
        choice_drop(&engine->reclaim, atomic_exchange_explicit(&group->choice, choice, memory_order_acq_rel));
    return p4e_unlock(engine, status);
}

int p4e_group_delete(p4e_t *engine, uint32_t profile, uint64_t handle) {
    p4e_profile_t *p = profile_at(engine, profile);
    if (!p)
        return P4E_NOT_FOUND;
    p4e_lock(engine);
    p4e_group_t *group = places_find(&p->groups, handle);
    int status = !group ? P4E_NOT_FOUND : group->users ? P4E_IN_USE : P4E_OK;
    if (!status) {
        places_remove(&p->groups, handle);
        choice_drop(&engine->reclaim, atomic_load(&group->choice));
        p4e_retire(&engine->reclaim, group);
    }
    return p4e_unlock(engine, status);
}

/* Frees everything; no packet thread may be running. */
void p4e_profile_close(p4e_profile_t *profile) {
    for (uint32_t i = 0; i < profile->groups.used; i++) {
        p4e_group_t *group = profile->groups.objects[i];
        if (group)
            free((void *)(uintptr_t)atomic_load(&group->choice));
        free(group);
    }
    for (uint32_t i = 0; i < profile->members.used; i++) {
        p4e_member_t *member = profile->members.objects[i];
        if (member)
            free((void *)(uintptr_t)atomic_load(&member->call));
        free(member);
    }
    free(profile->groups.objects);
    free(profile->groups.generations);
    free(profile->members.objects);
    free(profile->members.generations);
}
