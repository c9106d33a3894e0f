/* The engine's boundary in C: what packet I/O, tests and the Python wrapper may call.
 *
 * A loaded program is one p4e_t. One packet thread at a time calls p4e_run; control calls may come from other
 * threads at any time. Nothing here keeps global state.
 */
#ifndef P4E_H
#define P4E_H

#include <stdint.h>

/* Writable bytes that a caller leaves in front of a packet's first byte, so that headers can be pushed in place. */
#define P4E_HEADROOM 256

typedef struct p4e p4e_t;

/* One packet on its way in. The buffer belongs to the engine until p4e_run returns. */
typedef struct p4e_packet {
    uint8_t *data;  /* first byte of the frame; P4E_HEADROOM writable bytes lie before it */
    uint32_t len;   /* bytes */
    uint32_t port;  /* ingress port */
} p4e_packet_t;

/* Where packets leave. `data` stays valid and unchanged until p4e_run returns; it may lie in the input buffer. */
typedef struct p4e_sink p4e_sink_t;
struct p4e_sink {
    void (*emit)(p4e_sink_t *sink, uint32_t port, const uint8_t *data, uint32_t len);
    uint32_t input; /* index in the batch of the packet being processed, for the sink to read */
    int (*up)(const p4e_sink_t *sink, uint32_t port); /* whether packets can leave there now; NULL: they always can */
};

/* Runs `count` packets to completion, each with everything it causes (clones, replication, recirculation). */
void p4e_run(p4e_t *engine, const p4e_packet_t *packets, uint32_t count, p4e_sink_t *sink);

#endif
