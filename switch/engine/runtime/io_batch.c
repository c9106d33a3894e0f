#include "io_batch.h"

#include <string.h>
#include <unistd.h>

#include "io_segment.h"

static void tap(io_batch_t *batch, uint32_t kind, uint32_t port, const uint8_t *data, uint32_t len)
{
    if (!batch->config->tap_bytes)
        return;
    io_record_t header = {.len = len, .port = port, .kind = kind, .total = len};
    if (len > batch->config->tap_bytes)
        header.len = batch->config->tap_bytes;
    io_queue_push(&batch->tap, &header, data);
    batch->told = true;
}

uint8_t *io_batch_buffer(io_batch_t *batch)
{
    if (batch->copies == IO_BATCH)
        io_batch_run(batch);
    return batch->pool + (size_t)batch->copies++ * IO_BUFFER + IO_ROOM;
}

void io_batch_add(io_batch_t *batch, uint32_t port, uint8_t *data, uint32_t len, const io_offload_t *offload)
{
    tap(batch, IO_TAP_IN, port, data, len);
    batch->packets[batch->count] = (p4e_packet_t){data, len, port};
    if (offload)
        batch->offloads[batch->count] = *offload;
    else
        memset(&batch->offloads[batch->count], 0, sizeof(io_offload_t));
    if (++batch->count == IO_BATCH)
        io_batch_run(batch);
}

static void add_received(io_batch_t *batch, io_port_t *port, uint8_t *data, uint32_t len, const io_offload_t *offload)
{
    io_count(&port->counters.rx_packets, 1);
    io_count(&port->counters.rx_bytes, len);
    io_batch_add(batch, port->number, data, len, offload);
}

/* The pool may run the batch, which must not touch the frame: it is added to the batch only as segments. */
static void add_segments(io_batch_t *batch, io_port_t *port, io_frame_t *frame)
{
    io_segmenter_t segmenter;
    if (!io_segment_start(&segmenter, frame) || io_segment_size(&segmenter) > IO_BUFFER - IO_ROOM - IO_TAIL) {
        io_count(&port->counters.rx_dropped_offload, 1);
        return;
    }
    for (;;) {
        uint8_t *out = io_batch_buffer(batch);
        uint32_t len = io_segment_next(&segmenter, out);
        if (len == 0) {
            batch->copies--;
            return;
        }
        add_received(batch, port, out, len, NULL);
    }
}

void io_batch_frame(io_batch_t *batch, io_port_t *port, io_frame_t *frame)
{
    if (!batch->run) {
        io_count(&port->counters.rx_dropped_no_program, 1);
        return;
    }
    bool super = frame->offload.gso_type != IO_GSO_NONE;
    if (super)
        io_count(&port->counters.rx_super_packets, 1);
    if (batch->flags & IO_CARRY_OFFLOAD)
        add_received(batch, port, frame->data, frame->len, &frame->offload);
    else if (super)
        add_segments(batch, port, frame);
    else if (io_complete_checksum(frame))
        add_received(batch, port, frame->data, frame->len, NULL);
    else
        io_count(&port->counters.rx_dropped_offload, 1);
}

/* Headers that the program pushed or popped in front move the place where the checksum starts. */
static const io_offload_t *carried(io_batch_t *batch, uint32_t len, io_offload_t *moved)
{
    if (!(batch->flags & IO_CARRY_OFFLOAD) || batch->sink.input >= batch->count)
        return NULL;
    *moved = batch->offloads[batch->sink.input];
    if (!moved->flags && !moved->gso_type)
        return NULL;
    uint32_t grown = len - batch->packets[batch->sink.input].len;
    moved->csum_start = (uint16_t)(moved->csum_start + grown);
    moved->header_len = (uint16_t)(moved->header_len + grown);
    return moved;
}

static void to_python(io_batch_t *batch, const uint8_t *data, uint32_t len)
{
    io_record_t header = {.len = len, .port = batch->config->cpu_port, .kind = IO_TO_CPU, .total = len};
    bool queued = io_queue_push(&batch->to_python, &header, data);
    io_count(queued ? &batch->totals.cpu_packets : &batch->totals.cpu_dropped_full, 1);
    batch->told = true;
}

/* Whoever reads from the CPU port gets what would have been on a wire: segments with right checksums. */
static void to_cpu(io_batch_t *batch, uint8_t *data, uint32_t len)
{
    io_offload_t moved;
    const io_offload_t *left = carried(batch, len, &moved);
    io_frame_t frame = {.data = data, .len = len};
    io_segmenter_t segmenter;
    if (left)
        frame.offload = *left;
    if (frame.offload.gso_type == IO_GSO_NONE) {
        if (io_complete_checksum(&frame))
            to_python(batch, data, len);
        else
            io_count(&batch->totals.cpu_dropped_offload, 1);
        return;
    }
    if (!io_segment_start(&segmenter, &frame) || io_segment_size(&segmenter) > IO_BUFFER) {
        io_count(&batch->totals.cpu_dropped_offload, 1);
        return;
    }
    for (uint32_t size; (size = io_segment_next(&segmenter, batch->segment)) != 0;)
        to_python(batch, batch->segment, size);
}

void io_batch_emit(p4e_sink_t *sink, uint32_t number, const uint8_t *data, uint32_t len)
{
    io_batch_t *batch = (io_batch_t *)sink;
    tap(batch, IO_TAP_OUT, number, data, len);
    if (number == batch->config->cpu_port) {
        to_cpu(batch, (uint8_t *)(uintptr_t)data, len);
        return;
    }
    io_port_t *port = number < IO_MAX_PORT ? batch->ports[number] : NULL;
    if (!port) {
        io_count(&batch->totals.dropped_no_port, 1);
        return;
    }
    io_offload_t moved;
    if (!port->dirty) {
        port->dirty = true;
        batch->dirty[batch->dirty_count++] = port;
    }
    io_port_send(port, data, len, carried(batch, len, &moved));
}

int io_batch_up(const p4e_sink_t *sink, uint32_t number)
{
    const io_batch_t *batch = (const io_batch_t *)sink;
    const io_port_t *port = number < IO_MAX_PORT ? batch->ports[number] : NULL;
    return number == batch->config->cpu_port || (port && port->up);
}

void io_batch_run(io_batch_t *batch)
{
    if (batch->count && batch->run) {
        batch->run(batch->engine, batch->packets, batch->count, &batch->sink);
        io_count(&batch->totals.batches, 1);
        io_count(&batch->totals.packets, batch->count);
    } else if (batch->count) {
        io_count(&batch->totals.dropped_no_program, batch->count);
    }
    batch->count = 0;
    batch->copies = 0;
    for (uint32_t i = 0; i < batch->dirty_count; i++) {
        batch->dirty[i]->dirty = false;
        io_port_flush(batch->dirty[i]);
    }
    batch->dirty_count = 0;
    if (batch->told) {
        uint64_t one = 1;
        batch->told = write(batch->wake, &one, sizeof one) != sizeof one;
    }
}
