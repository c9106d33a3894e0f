/* What the packet thread and those who control it share. */
#ifndef IO_THREAD_H
#define IO_THREAD_H

#include <pthread.h>
#include <stdatomic.h>

#include "io_batch.h"

struct io {
    io_config_t config;
    io_batch_t batch;
    io_buffers_t buffers;
    io_queue_t injected;
    pthread_mutex_t inject_lock; /* several producers */
    pthread_mutex_t lock;        /* of the fields below */
    pthread_cond_t changed;
    pthread_t thread;
    bool running, standing;
    _Atomic uint32_t pauses;
    _Atomic bool stop;
    int epoll, wake, tick, link; /* wake: tells the packet thread */
    int64_t tick_start;
    int64_t watched; /* when captures were last looked for, and on which port next */
    uint32_t watched_port;
    uint32_t port_end; /* above the highest port number ever used */
    uint64_t tick_base; /* ticks that were due and skipped or sent before */
    pthread_mutex_t ports_lock;  /* readers of counters against whoever opens and closes interfaces */
    io_port_t *ports[IO_MAX_PORT];
};

/* The packet thread's body; `argument` is the io_t. */
void *io_thread(void *argument);

/* Makes the packet thread notice a readable descriptor. */
void io_thread_watch(io_t *io, int fd, void *tag);

/* Starts the clock of the ticks. */
void io_thread_start_ticks(io_t *io);

#endif
