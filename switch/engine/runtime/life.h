/* A packet's life as simple_switch defines it: parser, ingress, replication, egress, deparser, and around again.
 *
 * Included at the end of generated code, which has defined p4_parse, p4_verify, p4_ingress, p4_egress, p4_update,
 * p4_header_bytes, p4_emit, p4_keep, p4_digest and a setter or getter for each intrinsic field (empty where the program
 * has no such field).
 */
#ifndef P4E_LIFE_H
#define P4E_LIFE_H

typedef struct p4_work p4_work_t;
struct p4_work {
    p4_work_t *next;
    bool to_egress;
    uint32_t port;
    p4_context_t context;
};

/* Everything that one input packet causes. */
typedef struct p4_run {
    p4e_t *engine;
    p4e_sink_t *sink;
    p4_phv_t *spare;
    p4_work_t *first, **last;
    uint32_t passes;
} p4_run_t;

/* Whether another pass is allowed; else the packet is dropped. */
static bool p4_may_pass(p4_run_t *run) {
    if (P4E_LIKELY(++run->passes <= run->engine->options.max_passes))
        return true;
    p4e_stat(run->engine, P4E_STAT_DROPPED_PASSES, 1);
    return false;
}

static void p4_clear_requests(p4_context_t *c) {
    c->clone_session = c->clone_list = c->digest = c->resubmit = c->recirculate = 0;
}

/* A queue entry with a copy of `len` bytes at its data and headroom in front; NULL counts a drop. */
static p4_work_t *p4_new_work(p4_run_t *run, const uint8_t *data, uint32_t len) {
    p4_work_t *work = p4_may_pass(run) ? p4e_arena_take(&run->engine->arena, sizeof *work) : NULL;
    uint8_t *buffer = work ? p4e_arena_take(&run->engine->arena, P4E_HEADROOM + (uint64_t)len) : NULL;
    if (!buffer) {
        if (run->passes <= run->engine->options.max_passes)
            p4e_stat(run->engine, P4E_STAT_DROPPED_NO_MEMORY, 1);
        return NULL;
    }
    work->next = NULL;
    work->context.floor = buffer;
    work->context.data = buffer + P4E_HEADROOM;
    memcpy(work->context.data, data, len);
    return work;
}

static void p4_queue(p4_run_t *run, p4_work_t *work) {
    *run->last = work;
    run->last = &work->next;
}

/* A copy of a packet between parser and deparser: payload and all fields. */
static p4_work_t *p4_fork(p4_run_t *run, const p4_context_t *c) {
    p4_work_t *work = p4_new_work(run, c->payload, c->payload_len);
    if (!work)
        return NULL;
    uint8_t *floor = work->context.floor, *data = work->context.data;
    work->context = *c;
    work->context.floor = floor;
    work->context.data = work->context.payload = data;
    p4_clear_requests(&work->context);
    return work;
}

static void p4_output(p4_run_t *run, uint32_t port, const uint8_t *data, uint32_t len) {
    bool cpu = port == run->engine->options.cpu_port;
    p4e_stat(run->engine, cpu ? P4E_STAT_TO_CPU : P4E_STAT_OUT, 1);
    p4e_trace_out(run->engine, port, data, len);
    run->sink->emit(run->sink, port, data, len);
}

static bool p4_failed(p4_context_t *c) {
    if (P4E_LIKELY(!c->failed && !c->looped))
        return false;
    p4e_stat(c->engine, c->failed ? P4E_STAT_DROPPED_ASSERT : P4E_STAT_DROPPED_LOOP, 1);
    return true;
}

static void p4_clone_from_egress(p4_run_t *run, p4_context_t *c) {
    p4e_trace(run->engine, P4E_TRACE_CLONED, (uint32_t)c->clone_session - 1, 0);
    const p4e_replicas_t *to = p4e_session_of(&run->engine->replication, c->clone_session - 1);
    uint64_t list = c->clone_list;
    c->clone_session = c->clone_list = 0;
    if (!to) {
        p4e_stat(run->engine, P4E_STAT_NO_SESSION, 1);
        return;
    }
    for (uint32_t i = 0; i < to->count; i++) {
        p4e_stat(run->engine, P4E_STAT_GENERATED, 1);
        p4e_stat(run->engine, P4E_STAT_CLONED, 1);
        p4_work_t *work = p4_fork(run, c);
        if (!work)
            continue;
        p4_phv_t *phv = &work->context.phv;
        p4_reset_metadata(phv);
        p4_keep(phv, &c->phv, list);
        p4_set_instance_type(phv, P4_EGRESS_CLONE);
        const p4e_replica_t *replica = p4e_replica_at(to, i, run->sink);
        p4_set_egress_rid(phv, replica->instance);
        if (to->truncate && to->truncate < work->context.truncate)
            work->context.truncate = to->truncate;
        work->to_egress = true;
        work->port = replica->port;
        p4_queue(run, work);
    }
}

/* Serialises the headers in front of the payload, in place where there is room. Returns the length, 0xffffffff when
 * there is no memory. */
static uint32_t p4_deparse(p4_run_t *run, p4_context_t *c, uint8_t **start) {
    p4_update(c);
    uint32_t size = p4_header_bytes(c);
    if (P4E_UNLIKELY((uint64_t)(c->payload - c->floor) < size)) {
        uint8_t *buffer = p4e_arena_take(&run->engine->arena, P4E_HEADROOM + (uint64_t)size + c->payload_len);
        if (!buffer) {
            p4e_stat(run->engine, P4E_STAT_DROPPED_NO_MEMORY, 1);
            return UINT32_MAX;
        }
        memcpy(buffer + P4E_HEADROOM + size, c->payload, c->payload_len);
        c->floor = buffer;
        c->payload = buffer + P4E_HEADROOM + size;
    }
    *start = c->payload - size;
    p4_emit(c, *start);
    uint32_t len = size + c->payload_len;
    if (P4E_UNLIKELY(len > c->truncate)) {
        p4e_stat(run->engine, P4E_STAT_TRUNCATED, 1);
        len = c->truncate;
    }
    return len;
}

static void p4_recirculate(p4_run_t *run, p4_context_t *c, const uint8_t *data, uint32_t len) {
    p4e_stat(run->engine, P4E_STAT_RECIRCULATED, 1);
    p4e_trace(run->engine, P4E_TRACE_RECIRCULATED, 0, 0);
    p4_work_t *work = p4_new_work(run, data, len);
    if (!work)
        return;
    p4_context_t *next = &work->context;
    uint8_t *floor = next->floor, *copy = next->data;
    memset(next, 0, sizeof *next);
    next->engine = run->engine;
    next->floor = floor;
    next->data = copy;
    next->len = next->packet_length = next->ingress_length = len;
    next->ingress_port = c->ingress_port;
    next->truncate = UINT32_MAX;
    p4_keep(&next->phv, &c->phv, c->recirculate);
    p4_set_instance_type(&next->phv, P4_RECIRCULATED);
    p4_set_packet_length(&next->phv, len);
    work->to_egress = false;
    p4_queue(run, work);
}

static void p4_run_egress(p4_run_t *run, p4_context_t *c, uint32_t port) {
    p4_set_egress_global_timestamp(&c->phv, run->engine->now);
    p4_set_enq_timestamp(&c->phv, run->engine->now);
    p4_set_deq_timedelta(&c->phv, 0);
    p4_set_egress_port(&c->phv, port);
    p4_set_egress_spec(&c->phv, run->engine->options.drop_port + 1);
    p4_set_packet_length(&c->phv, c->packet_length);
    c->exit = false;
    p4e_trace(run->engine, P4E_TRACE_EGRESS, port, c->packet_length);
    p4_egress(c);
    if (p4_failed(c))
        return;
    if (P4E_UNLIKELY(c->clone_session))
        p4_clone_from_egress(run, c);
    if (p4_get_egress_spec(&c->phv) == run->engine->options.drop_port) {
        p4e_stat(run->engine, P4E_STAT_DROPPED_EGRESS, 1);
        p4e_trace(run->engine, P4E_TRACE_DROPPED, 1, 0);
        return;
    }
    uint8_t *start;
    uint32_t len = p4_deparse(run, c, &start);
    if (P4E_UNLIKELY(len == UINT32_MAX))
        return;
    if (P4E_UNLIKELY(c->recirculate))
        p4_recirculate(run, c, start, len);
    else
        p4_output(run, port, start, len);
}

/* Sends copies to all replicas; `c` itself becomes the last. */
static void p4_replicate(p4_run_t *run, p4_context_t *c, const p4e_replicas_t *to) {
    for (uint32_t i = 0; i < to->count; i++) {
        p4_context_t *copy = c;
        if (i + 1 < to->count) {
            p4_work_t *work = p4_fork(run, c);
            if (!work)
                continue;
            copy = &work->context;
        }
        const p4e_replica_t *replica = p4e_replica_at(to, i, run->sink);
        p4_set_egress_rid(&copy->phv, replica->instance);
        p4_run_egress(run, copy, replica->port);
    }
}

static void p4_clone_from_ingress(p4_run_t *run, p4_context_t *c) {
    p4e_trace(run->engine, P4E_TRACE_CLONED, (uint32_t)c->clone_session - 1, 0);
    const p4e_replicas_t *to = p4e_session_of(&run->engine->replication, c->clone_session - 1);
    uint64_t list = c->clone_list;
    c->clone_session = c->clone_list = 0;
    if (!to || to->count == 0) {
        p4e_stat(run->engine, P4E_STAT_NO_SESSION, 1);
        return;
    }
    p4e_stat(run->engine, P4E_STAT_GENERATED, to->count);
    p4e_stat(run->engine, P4E_STAT_CLONED, to->count);
    p4_work_t *work = p4_new_work(run, c->data, c->len);
    if (!work) {
        p4e_stat(run->engine, P4E_STAT_DROPPED_NO_MEMORY, to->count - 1);
        return;
    }
    p4_context_t *copy = &work->context;
    uint8_t *floor = copy->floor, *data = copy->data;
    memset(copy, 0, sizeof *copy);
    copy->engine = run->engine;
    copy->floor = floor;
    copy->data = data;
    copy->len = copy->packet_length = c->len;
    copy->ingress_length = c->ingress_length;
    copy->ingress_port = c->ingress_port;
    copy->truncate = to->truncate ? to->truncate : UINT32_MAX;
    p4_set_ingress_port(&copy->phv, c->ingress_port);
    p4_parse(copy);
    p4_reset_metadata(&copy->phv);
    p4_keep(&copy->phv, &c->phv, list);
    p4_set_instance_type(&copy->phv, P4_INGRESS_CLONE);
    p4_replicate(run, copy, to);
}

static void p4_resubmit(p4_run_t *run, p4_context_t *c) {
    p4e_stat(run->engine, P4E_STAT_RESUBMITTED, 1);
    p4e_trace(run->engine, P4E_TRACE_RESUBMITTED, 0, 0);
    *run->spare = c->phv;
    uint64_t list = c->resubmit;
    memset(&c->phv, 0, sizeof c->phv);
    p4_keep(&c->phv, run->spare, list);
    p4_set_instance_type(&c->phv, P4_RESUBMITTED);
    p4_set_packet_length(&c->phv, c->len);
    p4_clear_requests(c);
    c->packet_length = c->len;
}

static void p4_run_parser(p4_context_t *c) {
    c->loops = 0;
    c->parser_error = P4_NO_ERROR;
    c->checksum_error = false;
    p4_parse(c);
    p4_verify(c);
    if (P4E_UNLIKELY(c->parser_error != P4_NO_ERROR))
        p4e_stat(c->engine, P4E_STAT_PARSER_ERRORS, 1);
    if (P4E_UNLIKELY(c->checksum_error))
        p4e_stat(c->engine, P4E_STAT_CHECKSUM_ERRORS, 1);
    p4_set_parser_error(&c->phv, c->parser_error);
    p4_set_checksum_error(&c->phv, c->checksum_error);
}

static void p4_run_ingress(p4_run_t *run, p4_context_t *c) {
    for (;;) {
        p4_run_parser(c);
        c->exit = false;
        p4e_trace(run->engine, P4E_TRACE_INGRESS, c->ingress_port, c->len);
        p4_ingress(c);
        if (p4_failed(c))
            return;
        if (P4E_UNLIKELY(c->clone_session))
            p4_clone_from_ingress(run, c);
        if (P4E_UNLIKELY(c->digest)) {
            p4e_trace(run->engine, P4E_TRACE_DIGEST, (uint32_t)c->digest, 0);
            p4_digest(c, c->digest);
        }
        c->digest = 0;
        if (P4E_LIKELY(!c->resubmit))
            break;
        if (!p4_may_pass(run))
            return;
        p4_resubmit(run, c);
    }
    uint64_t group = p4_get_mcast_grp(&c->phv);
    if (P4E_UNLIKELY(group != 0)) {
        const p4e_replicas_t *to = p4e_group_of(&run->engine->replication, group);
        if (!to || to->count == 0) {
            p4e_stat(run->engine, P4E_STAT_DROPPED_NO_REPLICA, 1);
            return;
        }
        p4e_stat(run->engine, P4E_STAT_GENERATED, to->count - 1);
        p4e_stat(run->engine, P4E_STAT_REPLICATED, to->count);
        p4e_trace(run->engine, P4E_TRACE_REPLICATED, (uint32_t)group, 0);
        p4_set_instance_type(&c->phv, P4_REPLICATION);
        p4_clear_requests(c);
        p4_replicate(run, c, to);
        return;
    }
    uint64_t port = p4_get_egress_spec(&c->phv);
    if (port == run->engine->options.drop_port) {
        p4e_stat(run->engine, P4E_STAT_DROPPED_INGRESS, 1);
        p4e_trace(run->engine, P4E_TRACE_DROPPED, 0, 0);
        return;
    }
    p4_set_instance_type(&c->phv, P4_NORMAL);
    p4_run_egress(run, c, (uint32_t)port);
}

static void p4_run_packet(p4_run_t *run, const p4e_packet_t *packet) {
    p4_context_t *c = run->engine->scratch;
    memset(c, 0, offsetof(p4_context_t, phv));
    p4_clear(&c->phv);
    c->engine = run->engine;
    c->floor = packet->data - P4E_HEADROOM;
    c->data = packet->data;
    c->len = c->packet_length = c->ingress_length = packet->len;
    c->ingress_port = packet->port;
    c->truncate = UINT32_MAX;
    p4_set_ingress_port(&c->phv, packet->port);
    p4_set_packet_length(&c->phv, packet->len);
    p4_set_ingress_global_timestamp(&c->phv, run->engine->now);
    run->passes = 0;
    run->first = NULL;
    run->last = &run->first;
    p4_run_ingress(run, c);
    for (p4_work_t *work = run->first; work; work = work->next) {
        if (work->to_egress)
            p4_run_egress(run, &work->context, work->port);
        else
            p4_run_ingress(run, &work->context);
    }
}

P4E_API void p4e_run(p4e_t *engine, const p4e_packet_t *packets, uint32_t count, p4e_sink_t *sink) {
    p4_run_t run = {.engine = engine, .sink = sink};
    run.spare = (p4_phv_t *)((uint8_t *)engine->scratch + sizeof(p4_context_t));
    p4e_reclaim_enter(&engine->reclaim);
    engine->now = p4e_time(engine);
    p4e_arena_reset(&engine->arena);
    p4e_stat(engine, P4E_STAT_IN, count);
    for (uint32_t i = 0; i < count; i++) {
        sink->input = i;
        p4_run_packet(&run, &packets[i]);
    }
    p4e_reclaim_leave(&engine->reclaim);
    p4e_events_t *events = &engine->events;
    uint64_t head = atomic_load_explicit(&events->head, memory_order_relaxed);
    if (P4E_UNLIKELY(head != events->told)) {
        events->told = head;
        void (*call)(void *) = __atomic_load_n(&events->call, __ATOMIC_ACQUIRE);
        if (call)
            call(__atomic_load_n(&events->argument, __ATOMIC_RELAXED));
    }
}

#endif
