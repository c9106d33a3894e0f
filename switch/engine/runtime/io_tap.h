/* Whether somebody captures what leaves by an interface (tcpdump), for AF_XDP sends behind a capture's back. */
#ifndef IO_TAP_H
#define IO_TAP_H

#include <stdbool.h>

/* True when another packet socket than `own` in this thread's network namespace takes all packets of the interface. */
bool io_tapped(int index, int own);

#endif
