/* Memory for packets and packet state that one p4e_run makes: taken in sequence, given back all at once. */
#ifndef P4E_ARENA_H
#define P4E_ARENA_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define P4E_ARENA_CHUNK (UINT64_C(1) << 20)
#define P4E_ARENA_LIMIT (UINT64_C(1) << 28)

typedef struct p4e_chunk p4e_chunk_t;
struct p4e_chunk {
    p4e_chunk_t *next;
    size_t used, size;
    uint8_t bytes[] __attribute__((aligned(64)));
};

typedef struct p4e_arena {
    p4e_chunk_t *first, *current;
    uint64_t total;
} p4e_arena_t;

static inline p4e_chunk_t *p4e_arena_grow(p4e_arena_t *arena, size_t bytes) {
    p4e_chunk_t *next = arena->current ? arena->current->next : arena->first;
    while (next && next->size < bytes) {
        arena->current = next;
        next = next->next;
    }
    if (!next) {
        size_t size = bytes > P4E_ARENA_CHUNK ? bytes : P4E_ARENA_CHUNK;
        if (arena->total + size > P4E_ARENA_LIMIT)
            return NULL;
        size_t whole = (sizeof(p4e_chunk_t) + size + 63) & ~(size_t)63;
        next = aligned_alloc(64, whole);
        if (!next)
            return NULL;
        next->next = NULL;
        next->size = size;
        arena->total += size;
        if (arena->current)
            arena->current->next = next;
        else
            arena->first = next;
    }
    next->used = 0;
    arena->current = next;
    return next;
}

/* `bytes` of memory, aligned to a cache line, until the next reset; NULL beyond the limit. */
static inline void *p4e_arena_take(p4e_arena_t *arena, size_t bytes) {
    bytes = (bytes + 63) & ~(size_t)63;
    p4e_chunk_t *chunk = arena->current;
    if (!chunk || chunk->size - chunk->used < bytes)
        chunk = p4e_arena_grow(arena, bytes);
    if (!chunk)
        return NULL;
    void *taken = chunk->bytes + chunk->used;
    chunk->used += bytes;
    return taken;
}

static inline void p4e_arena_reset(p4e_arena_t *arena) {
    arena->current = arena->first;
    if (arena->first)
        arena->first->used = 0;
}

static inline void p4e_arena_close(p4e_arena_t *arena) {
    for (p4e_chunk_t *chunk = arena->first; chunk;) {
        p4e_chunk_t *next = chunk->next;
        free(chunk);
        chunk = next;
    }
    *arena = (p4e_arena_t){0};
}

#endif
