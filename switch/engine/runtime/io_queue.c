#include "io_queue.h"

#include <stdlib.h>
#include <string.h>

#define SKIP 0xffffffffu /* length of a record that only says: continue at the start of the ring */

static uint64_t record_size(uint32_t len)
{
    return sizeof(io_record_t) + (((uint64_t)len + 15) & ~15ull);
}

bool io_queue_init(io_queue_t *queue, uint64_t size)
{
    memset(queue, 0, sizeof *queue);
    queue->bytes = aligned_alloc(64, size);
    queue->size = size;
    return queue->bytes != NULL;
}

void io_queue_free(io_queue_t *queue)
{
    free(queue->bytes);
    queue->bytes = NULL;
}

bool io_queue_push(io_queue_t *queue, const io_record_t *header, const uint8_t *data)
{
    uint64_t head = atomic_load_explicit(&queue->head, memory_order_relaxed);
    uint64_t tail = atomic_load_explicit(&queue->tail, memory_order_acquire);
    uint64_t need = record_size(header->len);
    uint64_t at = head & (queue->size - 1);
    uint64_t skip = at + need > queue->size ? queue->size - at : 0;
    if (queue->size - (head - tail) < need + skip) {
        atomic_fetch_add_explicit(&queue->lost, 1, memory_order_relaxed);
        return false;
    }
    if (skip) {
        ((io_record_t *)(void *)(queue->bytes + at))->len = SKIP;
        at = 0;
    }
    io_record_t *record = (io_record_t *)(void *)(queue->bytes + at);
    *record = *header;
    memcpy(record + 1, data, header->len);
    atomic_store_explicit(&queue->head, head + skip + need, memory_order_release);
    return true;
}

const io_record_t *io_queue_peek(io_queue_t *queue)
{
    uint64_t head = atomic_load_explicit(&queue->head, memory_order_acquire);
    uint64_t tail = atomic_load_explicit(&queue->tail, memory_order_relaxed);
    if (head == tail)
        return NULL;
    uint64_t at = tail & (queue->size - 1);
    const io_record_t *record = (const io_record_t *)(const void *)(queue->bytes + at);
    if (record->len != SKIP)
        return record;
    atomic_store_explicit(&queue->tail, tail + queue->size - at, memory_order_release);
    return (const io_record_t *)(const void *)queue->bytes;
}

void io_queue_pop(io_queue_t *queue)
{
    uint64_t tail = atomic_load_explicit(&queue->tail, memory_order_relaxed);
    const io_record_t *record = (const io_record_t *)(const void *)(queue->bytes + (tail & (queue->size - 1)));
    atomic_store_explicit(&queue->tail, tail + record_size(record->len), memory_order_release);
}

uint32_t io_queue_read(io_queue_t *queue, uint8_t *out, uint32_t capacity)
{
    uint32_t written = 0;
    for (;;) {
        const io_record_t *record = io_queue_peek(queue);
        if (record == NULL || written + record_size(record->len) > capacity)
            return written;
        uint32_t size = (uint32_t)record_size(record->len);
        memcpy(out + written, record, size);
        written += size;
        io_queue_pop(queue);
    }
}

bool io_queue_empty(io_queue_t *queue)
{
    return io_queue_peek(queue) == NULL;
}
