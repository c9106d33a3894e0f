/* Registers: arrays whose cells lie in rows, with the cells of other arrays that are used with the same index. */
#ifndef P4E_REGISTERS_H
#define P4E_REGISTERS_H

#include "engine.h"

int p4e_registers_open(p4e_t *engine);
void p4e_registers_close(p4e_t *engine);

/* Takes over, under both engines' locks, the cells of arrays that both have; marks them in `kept`. Returns how many.
 * Groups that are the same change hands; where other arrays have joined or left a group, cells are copied. */
uint32_t p4e_registers_adopt(p4e_t *engine, p4e_t *old, uint8_t *kept);

#endif
