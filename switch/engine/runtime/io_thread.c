#include "io_thread.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "io_link.h"

#define ROUNDS 4           /* full batches from one port before the others get their turn */
#define WATCH_NS 50000000ll /* how often to look for captures on one more port, while packets flow */
#define TICK_NS 10000000ll /* ticks come at most this often, in bursts when the rate asks for more */

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void io_thread_watch(io_t *io, int fd, void *tag)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = tag};
    epoll_ctl(io->epoll, EPOLL_CTL_ADD, fd, &event);
}

void io_thread_start_ticks(io_t *io)
{
    if (io->config.tick_port == IO_NO_PORT || io->config.tick_rate == 0)
        return;
    int64_t interval = 1000000000 / io->config.tick_rate;
    if (interval < TICK_NS)
        interval = TICK_NS;
    struct timespec step = {.tv_sec = interval / 1000000000, .tv_nsec = interval % 1000000000};
    struct itimerspec timer = {.it_interval = step, .it_value = step};
    io->tick_start = now_ns();
    io->tick_base = 0;
    timerfd_settime(io->tick, 0, &timer, NULL);
}

static uint32_t serve_port(io_t *io, io_port_t *port)
{
    io_frame_t frames[IO_BATCH];
    uint32_t total = 0;
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t count = io_port_receive(port, &io->buffers, frames, IO_BATCH);
        for (uint32_t i = 0; i < count; i++)
            io_batch_frame(&io->batch, port, &frames[i]);
        io_batch_run(&io->batch);
        io_port_release(port);
        total += count;
        if (count < IO_BATCH)
            break;
    }
    return total;
}

static void serve_injected(io_t *io)
{
    const io_record_t *record;
    while ((record = io_queue_peek(&io->injected))) {
        uint8_t *buffer = io_batch_buffer(&io->batch);
        memcpy(buffer, record + 1, record->len);
        io_count(&io->batch.totals.injected, 1);
        io_batch_add(&io->batch, record->port, buffer, record->len, NULL);
        io_queue_pop(&io->injected);
    }
    io_batch_run(&io->batch);
}

static void serve_ticks(io_t *io)
{
    uint64_t expirations = 0;
    if (read(io->tick, &expirations, sizeof expirations) < 0)
        return;
    uint64_t elapsed = (uint64_t)(now_ns() - io->tick_start);
    uint64_t due = elapsed / 1000000000 * io->config.tick_rate + elapsed % 1000000000 * io->config.tick_rate / 1000000000;
    if (due > io->tick_base + io->config.tick_rate) /* more than a second late: what was missed is missed */
        io->tick_base = due - 1;
    for (; io->tick_base < due; io->tick_base++) {
        uint8_t *frame = io_batch_buffer(&io->batch);
        memset(frame, 0, IO_TICK_LEN);
        frame[12] = IO_TICK_TYPE >> 8;
        frame[13] = IO_TICK_TYPE & 0xff;
        for (int i = 0; i < 8; i++)
            frame[14 + i] = (uint8_t)(io->batch.totals.ticks >> (56 - 8 * i));
        io_count(&io->batch.totals.ticks, 1);
        io_batch_add(&io->batch, io->config.tick_port, frame, IO_TICK_LEN, NULL);
    }
    io_batch_run(&io->batch);
}

static void link_changed(void *context, const char *device, int index)
{
    io_t *io = context;
    pthread_mutex_lock(&io->ports_lock);
    for (uint32_t i = 0; i < IO_MAX_PORT; i++) {
        io_port_t *port = io->ports[i];
        if (!port || (device && strcmp(device, port->device) != 0 && index != port->index))
            continue;
        io_port_refresh(port);
        if (port->rx >= 0)
            io_thread_watch(io, port->rx, port);
    }
    pthread_mutex_unlock(&io->ports_lock);
}

static uint32_t serve(io_t *io, const struct epoll_event *event)
{
    void *tag = event->data.ptr;
    if (tag == &io->wake) {
        uint64_t ignored;
        if (read(io->wake, &ignored, sizeof ignored) > 0)
            serve_injected(io);
    } else if (tag == &io->tick) {
        serve_ticks(io);
    } else if (tag == &io->link) {
        io_link_read(io->link, link_changed, io);
    } else {
        io_port_t *port = tag;
        int error = 0;
        socklen_t len = sizeof error;
        if (event->events & EPOLLERR) /* reading it clears it; the link watch does the rest */
            getsockopt(port->rx, SOL_SOCKET, SO_ERROR, &error, &len);
        return serve_port(io, port);
    }
    return 0;
}

static void stand_still(io_t *io)
{
    pthread_mutex_lock(&io->lock);
    io->standing = true;
    pthread_cond_broadcast(&io->changed);
    while (atomic_load(&io->pauses) && !atomic_load(&io->stop))
        pthread_cond_wait(&io->changed, &io->lock);
    io->standing = false;
    pthread_mutex_unlock(&io->lock);
}

static void watch_taps(io_t *io, int64_t now)
{
    if (io->config.mode != IO_MODE_AUTO || now - io->watched < WATCH_NS)
        return;
    io->watched = now;
    pthread_mutex_lock(&io->ports_lock);
    for (uint32_t tries = 0; tries < io->port_end; tries++) {
        io_port_t *port = io->ports[io->watched_port++ % io->port_end];
        if (port) {
            io_port_watch_taps(port);
            break;
        }
    }
    pthread_mutex_unlock(&io->ports_lock);
}

void *io_thread(void *argument)
{
    io_t *io = argument;
    struct epoll_event events[IO_BATCH];
    int64_t last = 0;
    while (!atomic_load(&io->stop)) {
        if (atomic_load(&io->pauses)) {
            stand_still(io);
            continue;
        }
        bool spin = io->config.spin_us && now_ns() - last < (int64_t)io->config.spin_us * 1000;
        int count = epoll_wait(io->epoll, events, IO_BATCH, spin ? 0 : -1);
        uint32_t packets = 0;
        for (int i = 0; i < count; i++)
            packets += serve(io, &events[i]);
        if (!packets)
            continue;
        last = now_ns();
        watch_taps(io, last);
    }
    return NULL;
}
