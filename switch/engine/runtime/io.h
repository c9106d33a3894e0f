/* Packet I/O: one thread that moves packets between network interfaces and a program, run to completion.
 *
 * Python drives this through ctypes. Everything that changes ports or the program happens between io_pause and
 * io_resume, when the packet thread stands between two batches; so the packet path takes no lock.
 */
#ifndef IO_H
#define IO_H

#include <stdint.h>

#include "io_port.h"
#include "p4e.h"

#pragma GCC visibility push(default)

typedef struct io io_t;
typedef void (*io_run_t)(p4e_t *engine, const p4e_packet_t *packets, uint32_t count, p4e_sink_t *sink);

#define IO_NO_PORT 0xffffffffu
#define IO_MAX_PORT 65536 /* port numbers are smaller than this */

/* AUTO receives with RING where there is memory for it, else MMSG, and sends through AF_XDP where nothing is lost by
 * it; AF_PACKET never does that, and AF_XDP always. RING and MMSG receive in that way and send through AF_PACKET. */
enum { IO_MODE_AUTO = 0, IO_MODE_MMSG = 1, IO_MODE_RING = 2, IO_MODE_AF_PACKET = 3, IO_MODE_AF_XDP = 4 };

/* Flags of a program. */
enum {
    IO_CARRY_OFFLOAD = 1, /* neither encapsulates nor rewrites what segmentation repeats: pass super-packets whole */
};

/* Kinds of records that Python reads. */
enum { IO_TO_CPU = 0, IO_TAP_IN = 1, IO_TAP_OUT = 2 };

/* Tick frames: zero addresses, this Ethertype (IEEE 802 local experimental 1), a 64-bit big-endian sequence number
 * that starts at 0, zeros up to IO_TICK_LEN. */
enum { IO_TICK_TYPE = 0x88b5, IO_TICK_LEN = 60 };

typedef struct io_config {
    uint32_t mode;      /* IO_MODE_* */
    uint32_t cpu_port;  /* IO_NO_PORT: none */
    uint32_t tick_port; /* IO_NO_PORT: no ticks */
    uint32_t tick_rate; /* per second; above 100 they come in bursts, one every 10 ms */
    uint32_t spin_us;   /* how long to look for more packets before sleeping */
    uint32_t tap_bytes; /* copy this many bytes of every packet for Python to log; 0: none */
} io_config_t;

/* Counters that belong to no interface. */
typedef struct io_totals {
    uint64_t batches, packets; /* given to the program */
    uint64_t ticks, injected;
    uint64_t cpu_packets, cpu_dropped_full, cpu_dropped_offload;
    uint64_t dropped_no_port;    /* sent to a port without an interface */
    uint64_t dropped_no_program; /* ticks and injected packets while no program is loaded */
    uint64_t tap_lost;
} io_totals_t;

io_t *io_new(const io_config_t *config);
void io_free(io_t *io);

/* 0 or -errno. */
int io_start(io_t *io);
void io_stop(io_t *io);

/* Waits until the packet thread stands still between two batches; io_resume lets it go on. */
void io_pause(io_t *io);
void io_resume(io_t *io);

/* Only while paused or stopped. `run` NULL: no program. */
void io_set_program(io_t *io, io_run_t run, p4e_t *engine, uint32_t flags);
int io_add_port(io_t *io, uint32_t number, const char *device);
int io_remove_port(io_t *io, uint32_t number);

/* Any thread. `up` is 1, 0 or -1 when the interface does not exist. */
int io_port_stats(io_t *io, uint32_t number, io_counters_t *counters, int *up);
void io_totals(io_t *io, io_totals_t *totals);

/* Puts a packet into the pipeline as if received on `port`. -EAGAIN when the queue is full, -EMSGSIZE. */
int io_inject(io_t *io, uint32_t port, const uint8_t *data, uint32_t len);

/* Wakes whoever waits on io_wake_fd; any thread. The argument is the io_t, in the form that engines call back. */
void io_notify(void *io);

/* Readable when packets for Python wait; io_read hands out records (io_queue.h), CPU packets first. */
int io_wake_fd(io_t *io);
uint32_t io_read(io_t *io, uint8_t *out, uint32_t capacity);

#pragma GCC visibility pop

#endif
