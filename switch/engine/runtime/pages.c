/* See pages.h. */
#include "pages.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGES_LINE 64u
#define PAGES_SMALL 4096u
#define PAGES_HUGE (UINT64_C(2) << 20)

/* Sanitizers watch the bounds of what malloc gives. */
#ifdef __SANITIZE_ADDRESS__
#define PAGES_LARGE UINT64_MAX
#else
#define PAGES_LARGE (UINT64_C(1) << 20)
#endif

static uint64_t pages_round(uint64_t bytes, uint64_t to) {
    return (bytes + to - 1) / to * to;
}

/* A mapping that begins and ends with huge pages. */
static void *pages_map(uint64_t bytes, bool at_once) {
    uint64_t size = pages_round(bytes, PAGES_HUGE);
    uint8_t *memory = mmap(NULL, size + PAGES_HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    uint64_t skip = -(uint64_t)(uintptr_t)memory & (PAGES_HUGE - 1);
    if (skip)
        munmap(memory, skip);
    munmap(memory + skip + size, PAGES_HUGE - skip);
    memory += skip;
    madvise(memory, size, at_once ? MADV_HUGEPAGE : MADV_NOHUGEPAGE); /* a wish: without it all works the same */
    for (uint64_t at = 0; at_once && at < size; at += PAGES_SMALL)
        *(volatile uint8_t *)(memory + at) = 0;
    return memory;
}

void *p4e_pages_new(uint64_t bytes, bool at_once) {
    if (bytes > INT64_MAX / 2)
        return NULL;
    if (bytes >= PAGES_LARGE)
        return pages_map(bytes, at_once);
    uint64_t size = pages_round(bytes ? bytes : 1, PAGES_LINE);
    void *memory = aligned_alloc(PAGES_LINE, size);
    if (memory)
        memset(memory, 0, size);
    return memory;
}

void p4e_pages_free(void *memory, uint64_t bytes) {
    if (memory && bytes >= PAGES_LARGE)
        munmap(memory, pages_round(bytes, PAGES_HUGE));
    else
        free(memory);
}
