/* Zeroed memory for large arrays: on huge pages where the system has them, and not there until it is touched.
 *
 * Packets go to random places of such arrays; with small pages most of them would miss the TLB too.
 */
#ifndef P4E_PAGES_H
#define P4E_PAGES_H

#include <stdint.h>

/* `bytes` of zeros, aligned to a cache line; NULL without memory. Give the same `bytes` to p4e_pages_free. */
void *p4e_pages_new(uint64_t bytes);
void p4e_pages_free(void *memory, uint64_t bytes);

#endif
