#include "io.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "io_link.h"
#include "io_thread.h"

#define QUEUE_BYTES (4u << 20)
#define TAP_BYTES (16u << 20)

static void wake(io_t *io)
{
    uint64_t one = 1;
    while (write(io->wake, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

/* --- life ------------------------------------------------------------------------------------------------- */

static bool open_descriptors(io_t *io)
{
    io->epoll = epoll_create1(EPOLL_CLOEXEC);
    io->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    io->batch.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    io->tick = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    io->link = io_link_open();
    if (io->epoll < 0 || io->wake < 0 || io->batch.wake < 0 || io->tick < 0 || io->link < 0)
        return false;
    io_thread_watch(io, io->wake, &io->wake);
    io_thread_watch(io, io->tick, &io->tick);
    io_thread_watch(io, io->link, &io->link);
    return true;
}

io_t *io_new(const io_config_t *config)
{
    io_t *io = calloc(1, sizeof *io);
    if (!io)
        return NULL;
    io->config = *config;
    io->batch.sink.emit = io_batch_emit;
    io->batch.sink.up = io_batch_up;
    io->batch.config = &io->config;
    io->batch.ports = io->ports;
    io->batch.pool = malloc((size_t)IO_BATCH * IO_BUFFER);
    io->batch.segment = malloc(IO_BUFFER);
    pthread_mutex_init(&io->lock, NULL);
    pthread_mutex_init(&io->inject_lock, NULL);
    pthread_mutex_init(&io->ports_lock, NULL);
    pthread_cond_init(&io->changed, NULL);
    io->epoll = io->wake = io->tick = io->link = io->batch.wake = -1;
    bool ok = io_buffers_init(&io->buffers) && io->batch.pool && io->batch.segment && io_queue_init(&io->injected, QUEUE_BYTES) &&
              io_queue_init(&io->batch.to_python, QUEUE_BYTES) &&
              (!config->tap_bytes || io_queue_init(&io->batch.tap, TAP_BYTES)) && open_descriptors(io);
    if (ok)
        return io;
    int error = errno;
    io_free(io);
    errno = error;
    return NULL;
}

void io_free(io_t *io)
{
    io_stop(io);
    for (uint32_t i = 0; i < IO_MAX_PORT; i++)
        if (io->ports[i])
            io_remove_port(io, i);
    int fds[] = {io->epoll, io->wake, io->tick, io->link, io->batch.wake};
    for (unsigned i = 0; i < sizeof fds / sizeof *fds; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    io_queue_free(&io->injected);
    io_queue_free(&io->batch.to_python);
    io_queue_free(&io->batch.tap);
    free(io->batch.pool);
    free(io->batch.segment);
    free(io->buffers.memory);
    pthread_mutex_destroy(&io->lock);
    pthread_mutex_destroy(&io->inject_lock);
    pthread_mutex_destroy(&io->ports_lock);
    pthread_cond_destroy(&io->changed);
    free(io);
}

/* --- running ------------------------------------------------------------------------------------------------- */

int io_start(io_t *io)
{
    sigset_t all, old;
    if (io->running)
        return 0;
    atomic_store(&io->stop, false);
    io_thread_start_ticks(io);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old); /* signals belong to Python's main thread */
    int error = pthread_create(&io->thread, NULL, io_thread, io);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (error)
        return -error;
    pthread_setname_np(io->thread, "p4vpc-packets");
    io->running = true;
    return 0;
}

void io_stop(io_t *io)
{
    if (!io->running)
        return;
    pthread_mutex_lock(&io->lock);
    atomic_store(&io->stop, true);
    pthread_cond_broadcast(&io->changed);
    pthread_mutex_unlock(&io->lock);
    wake(io);
    pthread_join(io->thread, NULL);
    io->running = false;
}

void io_pause(io_t *io)
{
    pthread_mutex_lock(&io->lock);
    atomic_fetch_add(&io->pauses, 1);
    wake(io);
    while (io->running && !io->standing)
        pthread_cond_wait(&io->changed, &io->lock);
    pthread_mutex_unlock(&io->lock);
}

void io_resume(io_t *io)
{
    pthread_mutex_lock(&io->lock);
    atomic_fetch_sub(&io->pauses, 1);
    pthread_cond_broadcast(&io->changed);
    pthread_mutex_unlock(&io->lock);
    wake(io); /* what was injected meanwhile */
}

/* --- control -------------------------------------------------------------------------------------------------- */

void io_set_program(io_t *io, io_run_t run, p4e_t *engine, uint32_t flags)
{
    io->batch.run = run;
    io->batch.engine = engine;
    io->batch.flags = flags;
}

int io_add_port(io_t *io, uint32_t number, const char *device)
{
    if (number >= IO_MAX_PORT || strlen(device) >= sizeof((io_port_t *)0)->device)
        return -EINVAL;
    if (io->ports[number])
        return -EEXIST;
    io_port_t *port = calloc(1, sizeof *port);
    if (!port)
        return -ENOMEM;
    port->number = number;
    port->want_ring = io->config.mode != IO_MODE_MMSG;
    port->need_ring = io->config.mode == IO_MODE_RING;
    port->need_xdp = io->config.mode == IO_MODE_AF_XDP;
    port->want_xdp = port->need_xdp || io->config.mode == IO_MODE_AUTO;
    port->xdp.fd = -1;
    strcpy(port->device, device);
    int error = io_port_open(port);
    if (error) {
        free(port);
        return error;
    }
    pthread_mutex_lock(&io->ports_lock);
    io->ports[number] = port;
    if (number >= io->port_end)
        io->port_end = number + 1;
    pthread_mutex_unlock(&io->ports_lock);
    io_thread_watch(io, port->rx, port);
    return 0;
}

int io_remove_port(io_t *io, uint32_t number)
{
    pthread_mutex_lock(&io->ports_lock);
    io_port_t *port = number < IO_MAX_PORT ? io->ports[number] : NULL;
    if (port) {
        io->ports[number] = NULL;
        io_port_close(port);
        free(port);
    }
    pthread_mutex_unlock(&io->ports_lock);
    return port ? 0 : -ENOENT;
}

static void copy_counters(uint64_t *to, const uint64_t *from, size_t size)
{
    for (size_t i = 0; i < size / sizeof *to; i++)
        to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}

int io_port_stats(io_t *io, uint32_t number, io_counters_t *counters, int *up)
{
    pthread_mutex_lock(&io->ports_lock);
    io_port_t *port = number < IO_MAX_PORT ? io->ports[number] : NULL;
    if (port) {
        io_port_poll_overflow(port);
        copy_counters((uint64_t *)counters, (const uint64_t *)&port->counters, sizeof *counters);
        *up = port->rx < 0 ? -1 : port->up;
    }
    pthread_mutex_unlock(&io->ports_lock);
    return port ? 0 : -ENOENT;
}

void io_totals(io_t *io, io_totals_t *totals)
{
    copy_counters((uint64_t *)totals, (const uint64_t *)&io->batch.totals, sizeof *totals);
    totals->tap_lost = atomic_load(&io->batch.tap.lost);
}

int io_inject(io_t *io, uint32_t port, const uint8_t *data, uint32_t len)
{
    if (len > IO_BUFFER - IO_ROOM - IO_TAIL)
        return -EMSGSIZE;
    pthread_mutex_lock(&io->inject_lock);
    io_record_t header = {.len = len, .port = port, .total = len};
    bool queued = io_queue_push(&io->injected, &header, data);
    pthread_mutex_unlock(&io->inject_lock);
    if (!queued)
        return -EAGAIN;
    wake(io);
    return 0;
}

void io_notify(void *argument)
{
    io_t *io = argument;
    uint64_t one = 1;
    while (write(io->batch.wake, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

int io_wake_fd(io_t *io)
{
    return io->batch.wake;
}

uint32_t io_read(io_t *io, uint8_t *out, uint32_t capacity)
{
    uint64_t ignored;
    if (read(io->batch.wake, &ignored, sizeof ignored) < 0 && errno != EAGAIN)
        return 0;
    uint32_t used = io_queue_read(&io->batch.to_python, out, capacity);
    if (io->config.tap_bytes)
        used += io_queue_read(&io->batch.tap, out + used, capacity - used);
    return used;
}
