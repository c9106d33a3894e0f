/* What a generated program tells the runtime about itself: constant tables of sizes and layouts. */
#ifndef P4E_SPEC_H
#define P4E_SPEC_H

#include <stdbool.h>
#include <stdint.h>

typedef enum { P4E_KEY_EXACT, P4E_KEY_LPM, P4E_KEY_TERNARY, P4E_KEY_RANGE, P4E_KEY_OPTIONAL } p4e_key_kind_t;
typedef enum { P4E_TABLE_NONE, P4E_TABLE_EXACT, P4E_TABLE_LPM, P4E_TABLE_TERNARY } p4e_table_kind_t;

/* A key field. `size` bytes at byte `offset` of a canonical key; little-endian at byte `packed` of the packed words.
 * A field of up to 8 bytes never crosses a word; a longer one starts a word. */
typedef struct p4e_field {
    uint32_t kind, width, size, offset, packed;
} p4e_field_t;

/* An action parameter: `size` canonical bytes, little-endian in `native` bytes at byte `offset` of the data. */
typedef struct p4e_param {
    uint32_t width, size, native, offset;
} p4e_param_t;

typedef struct p4e_action {
    const p4e_param_t *params;
    uint32_t count;
    uint32_t bytes;  /* canonical length */
    uint32_t native; /* length of the native data, a multiple of 8 */
} p4e_action_t;

typedef struct p4e_table_spec {
    uint64_t layout; /* hash of name, keys, actions: equal layouts can be adopted */
    uint32_t kind;
    const p4e_field_t *fields;
    uint32_t field_count;
    uint32_t key_bytes;
    uint32_t words;
    uint32_t ranges; /* number of range fields */
    const p4e_action_t *actions;
    uint32_t action_count;
    uint32_t max_data; /* largest native data of any action */
    uint32_t size;     /* entries */
    int32_t profile;   /* index, -1 without */
    bool timeout, meter, meter_bytes;
} p4e_table_spec_t;

typedef struct p4e_profile_spec {
    uint64_t layout;
    const p4e_action_t *actions;
    uint32_t action_count;
    uint32_t size;
} p4e_profile_spec_t;

typedef struct p4e_array_spec {
    uint64_t layout;
    uint64_t size;   /* cells */
    uint32_t bytes;  /* canonical bytes of a cell (registers) */
    uint32_t native; /* native bytes of a cell (registers); 1 for a meter in bytes, 0 for one in packets */
    uint32_t width;
    uint32_t group;  /* whose rows hold the cells (registers) */
    uint32_t offset; /* of the cell in its row */
} p4e_array_spec_t;

/* Registers whose cells lie together: rows of `stride` bytes with a cell of each. */
typedef struct p4e_group_spec {
    uint64_t layout;
    uint64_t size; /* rows */
    uint64_t stride;
} p4e_group_spec_t;

typedef struct p4e_value_set_spec {
    uint64_t layout;
    const p4e_field_t *fields;
    uint32_t field_count, key_bytes, words;
} p4e_value_set_spec_t;

typedef struct p4e_program {
    const p4e_table_spec_t *tables;
    const p4e_profile_spec_t *profiles;
    const p4e_array_spec_t *counters, *meters, *registers;
    const p4e_group_spec_t *groups; /* of registers */
    const p4e_value_set_spec_t *value_sets;
    uint32_t table_count, profile_count, counter_count, meter_count, register_count, group_count, value_set_count;
    uint32_t scratch_bytes; /* per-packet state the generated code asks for */
} p4e_program_t;

extern const p4e_program_t p4e_program;

#endif
