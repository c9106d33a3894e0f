/* gRPC over HTTP/2 for one service, in one thread: frames come from nghttp2, this adds sockets, calls and messages.
 *
 *   p4h_next --> what happened (a whole request, a stream's message, ...)     p4h_send, p4h_finish --> answers
 *
 * All functions must be called by one thread at a time. Answers leave when p4h_next is called the next time.
 */
#ifndef P4H_H
#define P4H_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nghttp2/nghttp2.h>

#define EXPORT __attribute__((visibility("default")))

enum { P4H_WOKEN, P4H_REQUEST, P4H_OPENED, P4H_MESSAGE, P4H_ENDED, P4H_CLOSED };

/* What happened. `data` is good until the next p4h_next. */
typedef struct p4h_event {
    uint32_t kind, method;
    uint64_t call;
    const uint8_t *data; /* the message; for P4H_OPENED the peer's address as text */
    uint64_t size;
} p4h_event_t;

typedef struct p4h_note {
    p4h_event_t event;
    struct p4h_note *next;
    uint8_t body[];
} p4h_note_t;

/* Bytes that grow at the end and are used up at the front. */
typedef struct p4h_bytes {
    uint8_t *at;
    size_t used, size, room;
} p4h_bytes_t;

typedef struct p4h_connection p4h_connection_t;

typedef struct p4h_call {
    p4h_connection_t *connection; /* NULL: the slot is free */
    struct p4h_call *next;        /* of the same connection, or the next free slot */
    uint32_t slot, generation;
    int32_t stream, method; /* method -1: not known (yet) */
    bool is_grpc, is_post, answered, deferred, finished;
    p4h_bytes_t in, out;
    char *status, *message, *details; /* of the trailers */
} p4h_call_t;

struct p4h_connection {
    struct p4h_server *server;
    p4h_connection_t *previous, *next;
    nghttp2_session *session;
    p4h_call_t *calls;
    p4h_bytes_t out;
    int fd;
    bool waits_to_write, dead;
    char peer[80];
};

typedef struct p4h_method {
    const char *path;
    bool streams; /* messages are told one by one */
} p4h_method_t;

typedef struct p4h_server {
    int poll, wake;
    const int *listeners;
    uint32_t listener_count;
    const p4h_method_t *methods;
    uint32_t method_count, connection_count;
    p4h_connection_t *connections;
    p4h_call_t **calls, *free_call;
    uint32_t call_count;
    p4h_note_t *first, *last, *current;
    nghttp2_session_callbacks *callbacks;
} p4h_server_t;

bool p4h_append(p4h_bytes_t *bytes, const void *data, size_t size);
void p4h_consume(p4h_bytes_t *bytes, size_t size);

/* Calls: h2_call.c. */
p4h_call_t *p4h_call_new(p4h_connection_t *connection, int32_t stream);
void p4h_call_free(p4h_call_t *call);
int p4h_call_data(p4h_call_t *call, const uint8_t *data, size_t size);
int p4h_call_begin(p4h_call_t *call);
int p4h_call_end(p4h_call_t *call);
bool p4h_tell(p4h_call_t *call, uint32_t kind, const void *data, size_t size);

/* Connections: h2_connection.c. */
nghttp2_session_callbacks *p4h_callbacks(void);
p4h_connection_t *p4h_connection_new(p4h_server_t *server, int fd);
void p4h_connection_free(p4h_connection_t *connection);
void p4h_connection_read(p4h_connection_t *connection);
void p4h_connection_flush(p4h_connection_t *connection);

#endif
