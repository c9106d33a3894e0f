/* Watches network interfaces come, go, and change state. */
#ifndef IO_LINK_H
#define IO_LINK_H

#include <stdbool.h>

/* A netlink socket that becomes readable when some interface changes, or -errno. */
int io_link_open(void);

/* Whether nothing is queued or filtered on what leaves by an interface (its discipline is noqueue). */
bool io_link_unqueued(int index);

/* Calls `changed` for each interface that a message names; with NULL when messages were lost. */
void io_link_read(int fd, void (*changed)(void *context, const char *device, int index), void *context);

#endif
