/* See registers.h. */
#include "registers.h"

#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "pages.h"

#define REGISTERS_CHUNK 256u /* cells that are read or written while packets wait */

static uint64_t registers_bytes(const p4e_group_spec_t *group) {
    return group->size * group->stride;
}

static uint64_t registers_stride(const p4e_t *engine, uint32_t array) {
    return engine->program->groups[engine->program->registers[array].group].stride;
}

static void registers_place(p4e_t *engine) {
    for (uint32_t i = 0; i < engine->program->register_count; i++) {
        const p4e_array_spec_t *spec = &engine->program->registers[i];
        engine->registers[i] = (uint8_t *)engine->rows[spec->group] + spec->offset;
    }
}

int p4e_registers_open(p4e_t *engine) {
    const p4e_program_t *p = engine->program;
    engine->rows = calloc(p->group_count + 1, sizeof *engine->rows);
    engine->registers = calloc(p->register_count + 1, sizeof *engine->registers);
    if (!engine->rows || !engine->registers)
        return P4E_NO_MEMORY;
    for (uint32_t i = 0; i < p->group_count; i++)
        if (!(engine->rows[i] = p4e_pages_new(registers_bytes(&p->groups[i]), engine->options.prefault)))
            return P4E_NO_MEMORY;
    registers_place(engine);
    return P4E_OK;
}

void p4e_registers_close(p4e_t *engine) {
    const p4e_program_t *p = engine->program;
    for (uint32_t i = 0; engine->rows && i < p->group_count; i++)
        p4e_pages_free(engine->rows[i], registers_bytes(&p->groups[i]));
    free(engine->rows);
    free(engine->registers);
}

static int64_t registers_find(const p4e_program_t *program, uint64_t layout) {
    for (uint32_t i = 0; i < program->register_count; i++)
        if (program->registers[i].layout == layout)
            return i;
    return -1;
}

/* Exchanges the rows of groups that are the same. */
static void registers_swap_groups(p4e_t *engine, p4e_t *old) {
    const p4e_program_t *p = engine->program, *q = old->program;
    for (uint32_t i = 0; i < p->group_count; i++)
        for (uint32_t k = 0; k < q->group_count; k++)
            if (p->groups[i].layout == q->groups[k].layout) {
                void *rows = engine->rows[i];
                engine->rows[i] = old->rows[k];
                old->rows[k] = rows;
                break;
            }
    registers_place(engine);
    registers_place(old);
}

static void registers_copy(p4e_t *engine, uint32_t to, const p4e_t *old, uint32_t from) {
    const p4e_array_spec_t *spec = &engine->program->registers[to];
    uint64_t stride = registers_stride(engine, to), old_stride = registers_stride(old, from);
    uint8_t *cell = engine->registers[to];
    const uint8_t *old_cell = old->registers[from];
    for (uint64_t i = 0; i < spec->size; i++, cell += stride, old_cell += old_stride)
        memcpy(cell, old_cell, spec->native);
}

uint32_t p4e_registers_adopt(p4e_t *engine, p4e_t *old, uint8_t *kept) {
    const p4e_program_t *p = engine->program, *q = old->program;
    uint32_t count = 0;
    registers_swap_groups(engine, old);
    for (uint32_t i = 0; i < p->register_count; i++) {
        int64_t from = registers_find(q, p->registers[i].layout);
        if (from < 0)
            continue;
        if (p->groups[p->registers[i].group].layout != q->groups[q->registers[from].group].layout)
            registers_copy(engine, i, old, (uint32_t)from);
        count += kept[i] = 1;
    }
    return count;
}

static void registers_load(const p4e_array_spec_t *spec, const uint8_t *native, uint8_t *canonical) {
    for (uint32_t i = 0; i < spec->bytes; i++)
        canonical[i] = native[spec->bytes - 1 - i];
}

static void registers_store(const p4e_array_spec_t *spec, uint8_t *native, const uint8_t *canonical) {
    for (uint32_t i = 0; i < spec->native; i++)
        native[i] = i < spec->bytes ? canonical[spec->bytes - 1 - i] : 0;
}

/* Packets see a cell as it was or as it is: they wait meanwhile. Short cells are read in one load as they are. */
int p4e_register(p4e_t *engine, uint32_t array, uint64_t start, uint64_t count, uint8_t *cells, int write) {
    if (array >= engine->program->register_count)
        return P4E_NOT_FOUND;
    const p4e_array_spec_t *spec = &engine->program->registers[array];
    if (start > spec->size || count > spec->size - start)
        return P4E_BAD_VALUE;
    uint64_t stride = registers_stride(engine, array);
    p4e_lock(engine);
    for (uint64_t done = 0; done < count;) {
        uint64_t end = done + (count - done < REGISTERS_CHUNK ? count - done : REGISTERS_CHUNK);
        p4e_hold(&engine->reclaim);
        for (; done < end; done++, cells += spec->bytes) {
            uint8_t *native = (uint8_t *)engine->registers[array] + (start + done) * stride;
            if (write)
                registers_store(spec, native, cells);
            else
                registers_load(spec, native, cells);
        }
        p4e_unhold(&engine->reclaim);
    }
    return p4e_unlock(engine, P4E_OK);
}
