/* One gRPC call: messages cut out of the stream's bytes, answers and trailers put in. */
#include "h2.h"

#include <stdlib.h>
#include <string.h>

enum { PREFIX = 5 };
#define MAX_MESSAGE (1u << 30)
#define MAX_CALLS (1u << 16)
#define GRPC_RESOURCE_EXHAUSTED "8"
#define GRPC_UNIMPLEMENTED "12"
#define GRPC_INTERNAL "13"
#define HEADER(name, value, length)                                                                                    \
    { (uint8_t *)(name), (uint8_t *)(value), sizeof(name) - 1, (length), NGHTTP2_NV_FLAG_NONE }

bool p4h_append(p4h_bytes_t *bytes, const void *data, size_t size) {
    if (bytes->used == bytes->size)
        bytes->used = bytes->size = 0;
    if (bytes->size + size > bytes->room) {
        size_t room = bytes->room ? bytes->room : 512;
        while (room < bytes->size + size)
            room *= 2;
        uint8_t *grown = realloc(bytes->at, room);
        if (!grown)
            return false;
        bytes->at = grown;
        bytes->room = room;
    }
    if (size)
        memcpy(bytes->at + bytes->size, data, size);
    bytes->size += size;
    return true;
}

void p4h_consume(p4h_bytes_t *bytes, size_t size) {
    bytes->used += size;
    if (bytes->used == bytes->size)
        bytes->used = bytes->size = 0;
}

static uint64_t call_id(const p4h_call_t *call) {
    return (uint64_t)call->generation << 32 | call->slot;
}

static p4h_call_t *call_of(p4h_server_t *server, uint64_t id) {
    uint32_t slot = (uint32_t)id;
    p4h_call_t *call = slot < server->call_count ? server->calls[slot] : NULL;
    return call && call->connection && call->generation == id >> 32 ? call : NULL;
}

/* A slot that was never used, or NULL. */
static p4h_call_t *call_slot(p4h_server_t *server) {
    if (server->call_count == MAX_CALLS)
        return NULL;
    p4h_call_t **grown = realloc(server->calls, (server->call_count + 1) * sizeof *grown);
    if (!grown)
        return NULL;
    server->calls = grown;
    p4h_call_t *call = calloc(1, sizeof *call);
    if (call) {
        call->slot = server->call_count;
        grown[server->call_count++] = call;
    }
    return call;
}

p4h_call_t *p4h_call_new(p4h_connection_t *connection, int32_t stream) {
    p4h_server_t *server = connection->server;
    p4h_call_t *call = server->free_call;
    if (call)
        server->free_call = call->next;
    else if (!(call = call_slot(server)))
        return NULL;
    call->generation++;
    call->connection = connection;
    call->next = connection->calls;
    call->stream = stream;
    call->method = -1;
    connection->calls = call;
    return call;
}

void p4h_call_free(p4h_call_t *call) {
    p4h_connection_t *connection = call->connection;
    if (call->method >= 0 && connection->server->methods[call->method].streams)
        p4h_tell(call, P4H_CLOSED, NULL, 0);
    p4h_call_t **link = &connection->calls;
    while (*link != call)
        link = &(*link)->next;
    *link = call->next;
    free(call->in.at);
    free(call->out.at);
    free(call->status);
    free(call->message);
    free(call->details);
    uint32_t slot = call->slot, generation = call->generation;
    memset(call, 0, sizeof *call);
    call->slot = slot;
    call->generation = generation;
    call->next = connection->server->free_call;
    connection->server->free_call = call;
}

/* Queues an event; false when memory is short. */
bool p4h_tell(p4h_call_t *call, uint32_t kind, const void *data, size_t size) {
    p4h_note_t *note = malloc(sizeof *note + size);
    if (!note)
        return false;
    if (size)
        memcpy(note->body, data, size);
    note->event = (p4h_event_t){kind, (uint32_t)call->method, call_id(call), note->body, size};
    note->next = NULL;
    p4h_server_t *server = call->connection->server;
    if (server->last)
        server->last->next = note;
    else
        server->first = note;
    server->last = note;
    return true;
}

static ssize_t call_read(nghttp2_session *session, int32_t stream, uint8_t *to, size_t room, uint32_t *flags,
                         nghttp2_data_source *source, void *user) {
    (void)user;
    p4h_call_t *call = source->ptr;
    size_t left = call->out.size - call->out.used, size = left < room ? left : room;
    if (!size && !call->finished) {
        call->deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    memcpy(to, call->out.at + call->out.used, size);
    p4h_consume(&call->out, size);
    if (size == left && call->finished) {
        nghttp2_nv trailers[] = {
            HEADER("grpc-status", call->status, strlen(call->status)),
            HEADER("grpc-message", call->message, strlen(call->message)),
            HEADER("grpc-status-details-bin", call->details, strlen(call->details)),
        };
        size_t count = *call->details ? 3 : *call->message ? 2 : 1;
        *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
        if (nghttp2_submit_trailer(session, stream, trailers, count))
            return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    return (ssize_t)size;
}

/* Makes sure that what waits in `out` will be sent. */
static void call_answer(p4h_call_t *call) {
    static const nghttp2_nv headers[] = {
        HEADER(":status", "200", 3),
        HEADER("content-type", "application/grpc", 16),
        HEADER("grpc-accept-encoding", "identity", 8),
    };
    nghttp2_session *session = call->connection->session;
    if (!call->answered) {
        nghttp2_data_provider provider = {{.ptr = call}, call_read};
        call->answered = true;
        if (nghttp2_submit_response(session, call->stream, headers, 3, &provider))
            call->connection->dead = true;
    } else if (call->deferred) {
        call->deferred = false;
        nghttp2_session_resume_data(session, call->stream);
    }
}

static void call_finish(p4h_call_t *call, const char *status, const char *message, const char *details) {
    if (call->finished)
        return;
    call->status = strdup(status);
    call->message = strdup(message);
    call->details = strdup(details);
    call->finished = true;
    if (call->status && call->message && call->details)
        call_answer(call);
    else
        call->connection->dead = true;
}

/* A message for the caller; false when the call is gone. `waiting` gets the bytes that have not left yet. */
EXPORT bool p4h_send(p4h_server_t *server, uint64_t id, const uint8_t *data, uint32_t size, uint64_t *waiting) {
    p4h_call_t *call = call_of(server, id);
    if (!call || call->finished)
        return false;
    uint8_t prefix[PREFIX] = {0, (uint8_t)(size >> 24), (uint8_t)(size >> 16), (uint8_t)(size >> 8), (uint8_t)size};
    if (!p4h_append(&call->out, prefix, sizeof prefix) || !p4h_append(&call->out, data, size)) {
        call->connection->dead = true;
        return false;
    }
    call_answer(call);
    *waiting = call->out.size - call->out.used;
    return true;
}

/* Bytes of a call that have not left yet; 0 also when it is gone. */
EXPORT uint64_t p4h_waiting(p4h_server_t *server, uint64_t id) {
    p4h_call_t *call = call_of(server, id);
    return call ? call->out.size - call->out.used : 0;
}

/* Ends a call: status as a decimal number, message percent-encoded, details in base64 or empty. */
EXPORT void p4h_finish(p4h_server_t *server, uint64_t id, const char *status, const char *message, const char *details) {
    p4h_call_t *call = call_of(server, id);
    if (call)
        call_finish(call, status, message, details);
}

/* The request's headers are complete. */
int p4h_call_begin(p4h_call_t *call) {
    static const nghttp2_nv wrong[] = {HEADER(":status", "415", 3)};
    p4h_connection_t *connection = call->connection;
    if (!call->is_post || !call->is_grpc) {
        call->answered = call->finished = true;
        return nghttp2_submit_response(connection->session, call->stream, wrong, 1, NULL);
    }
    if (call->method < 0)
        call_finish(call, GRPC_UNIMPLEMENTED, "Method not found!", "");
    else if (connection->server->methods[call->method].streams)
        return p4h_tell(call, P4H_OPENED, connection->peer, strlen(connection->peer)) ? 0 : NGHTTP2_ERR_NOMEM;
    return 0;
}

/* Takes the messages of a stream off its bytes. */
static int call_cut(p4h_call_t *call) {
    while (call->in.size - call->in.used >= PREFIX) {
        const uint8_t *at = call->in.at + call->in.used;
        uint32_t size = (uint32_t)at[1] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 8 | at[4];
        if (at[0])
            call_finish(call, GRPC_UNIMPLEMENTED, "compressed messages are not taken; grpc-encoding must be identity", "");
        else if (size > MAX_MESSAGE)
            call_finish(call, GRPC_RESOURCE_EXHAUSTED, "the message is larger than 1 GiB", "");
        if (call->finished || call->in.size - call->in.used < PREFIX + (size_t)size)
            return 0;
        if (!call->connection->server->methods[call->method].streams)
            return 0;
        if (!p4h_tell(call, P4H_MESSAGE, at + PREFIX, size))
            return NGHTTP2_ERR_NOMEM;
        p4h_consume(&call->in, PREFIX + (size_t)size);
    }
    return 0;
}

/* Bytes of the request's body. */
int p4h_call_data(p4h_call_t *call, const uint8_t *data, size_t size) {
    if (call->method < 0 || call->finished)
        return 0;
    return p4h_append(&call->in, data, size) ? call_cut(call) : NGHTTP2_ERR_NOMEM;
}

/* The client has sent everything. */
int p4h_call_end(p4h_call_t *call) {
    if (call->method < 0 || call->finished)
        return 0;
    size_t size = call->in.size - call->in.used;
    if (call->connection->server->methods[call->method].streams)
        return p4h_tell(call, P4H_ENDED, NULL, 0) ? 0 : NGHTTP2_ERR_NOMEM;
    const uint8_t *at = call->in.at + call->in.used;
    uint32_t said = size < PREFIX ? 0 : (uint32_t)at[1] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 8 | at[4];
    if (size < PREFIX || size != PREFIX + (size_t)said) {
        call_finish(call, GRPC_INTERNAL, "one whole message is expected", "");
        return 0;
    }
    return p4h_tell(call, P4H_REQUEST, at + PREFIX, said) ? 0 : NGHTTP2_ERR_NOMEM;
}
