/* Converting keys and action data between their canonical bytes and the packed form the packet path uses. */
#include "entry.h"

#include <stdlib.h>
#include <string.h>

#include "status.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "packed keys and native data are little-endian");

/* Copies `size` big-endian bytes to `native` little-endian ones; fails when bits beyond `width` are set. */
static int entry_reverse(const uint8_t *from, uint32_t size, uint32_t width, uint8_t *to, uint32_t native) {
    uint32_t spare = 8 * size - width;
    if (spare && from[0] >> (8 - spare))
        return P4E_BAD_VALUE;
    for (uint32_t i = 0; i < size; i++)
        to[i] = from[size - 1 - i];
    memset(to + size, 0, native - size);
    return P4E_OK;
}

/* Packs a canonical key; `words` must be zero. */
int p4e_pack_key(const p4e_field_t *fields, uint32_t count, const uint8_t *canonical, uint64_t *words) {
    for (uint32_t i = 0; i < count; i++) {
        const p4e_field_t *field = &fields[i];
        uint8_t *to = (uint8_t *)words + field->packed;
        int status = entry_reverse(canonical + field->offset, field->size, field->width, to, field->size);
        if (status)
            return status;
    }
    return P4E_OK;
}

void p4e_unpack_key(const p4e_field_t *fields, uint32_t count, const uint64_t *words, uint8_t *canonical) {
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *from = (const uint8_t *)words + fields[i].packed;
        for (uint32_t b = 0; b < fields[i].size; b++)
            canonical[fields[i].offset + b] = from[fields[i].size - 1 - b];
    }
}

/* Fills `call`, which has room for the action's native data. */
int p4e_pack_call(const p4e_action_t *actions, uint32_t action_count, uint32_t action, const uint8_t *data,
                  uint32_t len, p4e_call_t *call) {
    if (action >= action_count || len != actions[action].bytes)
        return P4E_BAD_VALUE;
    const p4e_action_t *spec = &actions[action];
    call->action = action;
    call->spare = 0;
    for (uint32_t i = 0; i < spec->count; i++) {
        const p4e_param_t *param = &spec->params[i];
        int status = entry_reverse(data, param->size, param->width, (uint8_t *)call->data + param->offset, param->native);
        if (status)
            return status;
        data += param->size;
    }
    return P4E_OK;
}

void p4e_unpack_call(const p4e_action_t *action, const p4e_call_t *call, uint8_t *data) {
    for (uint32_t i = 0; i < action->count; i++) {
        const p4e_param_t *param = &action->params[i];
        const uint8_t *from = (const uint8_t *)call->data + param->offset;
        for (uint32_t b = 0; b < param->size; b++)
            *data++ = from[param->size - 1 - b];
    }
}

/* A call on the heap, or NULL with a status. */
p4e_call_t *p4e_call_new(const p4e_action_t *actions, uint32_t action_count, uint32_t action, const uint8_t *data,
                         uint32_t len, int *status) {
    *status = P4E_BAD_VALUE;
    if (action >= action_count)
        return NULL;
    p4e_call_t *call = malloc(sizeof *call + actions[action].native);
    *status = call ? p4e_pack_call(actions, action_count, action, data, len, call) : P4E_NO_MEMORY;
    if (*status) {
        free(call);
        return NULL;
    }
    return call;
}
