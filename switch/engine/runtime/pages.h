/* Zeroed memory for large arrays: not there until it is touched, page by page; or all of it at once, on huge pages where
 * the system has them.
 *
 * Packets go to random places of such arrays, so with small pages most of them miss the TLB too. But a huge page takes
 * hundreds of microseconds to become zero, while packets wait.
 */
#ifndef P4E_PAGES_H
#define P4E_PAGES_H

#include <stdbool.h>
#include <stdint.h>

/* `bytes` of zeros, aligned to a cache line; NULL without memory. Give the same `bytes` to p4e_pages_free. */
void *p4e_pages_new(uint64_t bytes, bool at_once);
void p4e_pages_free(void *memory, uint64_t bytes);

#endif
