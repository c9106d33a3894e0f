/* A byte ring of records between exactly one producer and one consumer thread, without a lock. */
#ifndef IO_QUEUE_H
#define IO_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What precedes each record's bytes; also the form in which io_queue_read hands records out. */
typedef struct io_record {
    uint32_t len; /* bytes that follow, without padding to 16 */
    uint32_t port;
    uint32_t kind;
    uint32_t total; /* bytes of the packet, of which `len` are here */
} io_record_t;

typedef struct io_queue {
    uint8_t *bytes;
    uint64_t size;         /* a power of two */
    _Atomic uint64_t head; /* written by the producer */
    uint8_t gap[48];       /* keeps the two ends on different cache lines */
    _Atomic uint64_t tail; /* written by the consumer */
    _Atomic uint64_t lost; /* records that found no room */
} io_queue_t;

bool io_queue_init(io_queue_t *queue, uint64_t size);
void io_queue_free(io_queue_t *queue);

/* Producer: appends a record; false (and counted as lost) when there is no room. */
bool io_queue_push(io_queue_t *queue, const io_record_t *header, const uint8_t *data);

/* Consumer: the oldest record or NULL; it stays valid until io_queue_pop. */
const io_record_t *io_queue_peek(io_queue_t *queue);
void io_queue_pop(io_queue_t *queue);

/* Consumer: moves as many whole records as fit to `out`, each padded to 16 bytes; returns the bytes written. */
uint32_t io_queue_read(io_queue_t *queue, uint8_t *out, uint32_t capacity);

bool io_queue_empty(io_queue_t *queue);

#endif
