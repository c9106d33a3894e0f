/* Control calls of value sets; see value_set.h. */
#include "value_set.h"

#include <stdlib.h>
#include <string.h>

#include "control.h"

static int value_set_pack(const p4e_value_set_spec_t *spec, const uint8_t *from, bool mask, uint64_t *words) {
    for (uint32_t i = 0; i < spec->field_count; i++) {
        p4e_field_t field = spec->fields[i];
        if (mask)
            field.width = 8 * field.size; /* padding bits of masks do not matter */
        int status = p4e_pack_key(&field, 1, from, words);
        if (status)
            return status;
    }
    return P4E_OK;
}

int p4e_value_set(p4e_t *engine, uint32_t set, const uint8_t *values, uint32_t count) {
    if (set >= engine->program->value_set_count)
        return P4E_NOT_FOUND;
    p4e_value_set_t *s = &engine->value_sets[set];
    size_t pair = 2 * (size_t)s->spec->words;
    p4e_values_t *fresh = calloc(1, sizeof *fresh + count * pair * sizeof fresh->words[0]);
    if (!fresh)
        return P4E_NO_MEMORY;
    fresh->count = count;
    for (uint32_t i = 0; i < count; i++, values += 2 * s->spec->key_bytes) {
        uint64_t *words = fresh->words + i * pair;
        int status = value_set_pack(s->spec, values, false, words);
        if (!status)
            status = value_set_pack(s->spec, values + s->spec->key_bytes, true, words + s->spec->words);
        if (status) {
            free(fresh);
            return status;
        }
    }
    p4e_lock(engine);
    const p4e_values_t *old = atomic_exchange_explicit(&s->values, fresh, memory_order_acq_rel);
    p4e_retire(&engine->reclaim, (void *)(uintptr_t)old);
    return p4e_unlock(engine, P4E_OK);
}
