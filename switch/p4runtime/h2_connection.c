/* One connection: nghttp2's callbacks, reading and writing. */
#include "h2.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_BYTES = 1 << 18, WRITE_BYTES = 1 << 16, MAX_STREAMS = 256 };
enum { STREAM_WINDOW = 4 << 20, CONNECTION_WINDOW = 16 << 20 };

static p4h_call_t *call_at(nghttp2_session *session, int32_t stream) {
    return nghttp2_session_get_stream_user_data(session, stream);
}

static int on_begin(nghttp2_session *session, const nghttp2_frame *frame, void *user) {
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    p4h_call_t *call = p4h_call_new(user, frame->hd.stream_id);
    if (!call)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    return nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, call);
}

static bool same(const uint8_t *value, size_t size, const char *word) {
    return size == strlen(word) && !memcmp(value, word, size);
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_size,
                     const uint8_t *value, size_t size, uint8_t flags, void *user) {
    static const char grpc[] = "application/grpc";
    (void)flags;
    p4h_server_t *server = ((p4h_connection_t *)user)->server;
    p4h_call_t *call = call_at(session, frame->hd.stream_id);
    if (!call || frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    if (same(name, name_size, ":method"))
        call->is_post = same(value, size, "POST");
    else if (same(name, name_size, "content-type"))
        call->is_grpc = size >= sizeof grpc - 1 && !memcmp(value, grpc, sizeof grpc - 1);
    else if (same(name, name_size, ":path"))
        for (uint32_t i = 0; i < server->method_count; i++)
            if (same(value, size, server->methods[i].path))
                call->method = (int32_t)i;
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data, size_t size,
                   void *user) {
    (void)flags, (void)user;
    p4h_call_t *call = call_at(session, stream);
    int status = call ? p4h_call_data(call, data, size) : 0;
    return status ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user) {
    (void)user;
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
        return 0;
    p4h_call_t *call = call_at(session, frame->hd.stream_id);
    if (!call)
        return 0;
    int status = 0;
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
        status = p4h_call_begin(call);
    if (!status && frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
        status = p4h_call_end(call);
    return status ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static int on_close(nghttp2_session *session, int32_t stream, uint32_t code, void *user) {
    (void)code, (void)user;
    p4h_call_t *call = call_at(session, stream);
    if (call)
        p4h_call_free(call);
    return 0;
}

nghttp2_session_callbacks *p4h_callbacks(void) {
    nghttp2_session_callbacks *made;
    if (nghttp2_session_callbacks_new(&made))
        return NULL;
    nghttp2_session_callbacks_set_on_begin_headers_callback(made, on_begin);
    nghttp2_session_callbacks_set_on_header_callback(made, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(made, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(made, on_close);
    return made;
}

static void connection_name(p4h_connection_t *connection) {
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    char host[NI_MAXHOST], port[NI_MAXSERV];
    int flags = NI_NUMERICHOST | NI_NUMERICSERV;
    if (getpeername(connection->fd, (struct sockaddr *)&address, &size) || address.ss_family == AF_UNIX ||
        getnameinfo((struct sockaddr *)&address, size, host, sizeof host, port, sizeof port, flags))
        snprintf(connection->peer, sizeof connection->peer, "unix:");
    else if (address.ss_family == AF_INET6)
        snprintf(connection->peer, sizeof connection->peer, "ipv6:[%.46s]:%.5s", host, port);
    else
        snprintf(connection->peer, sizeof connection->peer, "ipv4:%.46s:%.5s", host, port);
}

p4h_connection_t *p4h_connection_new(p4h_server_t *server, int fd) {
    static const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, MAX_STREAMS},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW},
    };
    p4h_connection_t *connection = calloc(1, sizeof *connection);
    if (!connection)
        return NULL;
    connection->server = server;
    connection->fd = fd;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connection_name(connection);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    if (nghttp2_session_server_new(&connection->session, server->callbacks, connection) ||
        nghttp2_submit_settings(connection->session, NGHTTP2_FLAG_NONE, settings, 2) ||
        nghttp2_session_set_local_window_size(connection->session, NGHTTP2_FLAG_NONE, 0, CONNECTION_WINDOW) ||
        epoll_ctl(server->poll, EPOLL_CTL_ADD, fd, &event)) {
        nghttp2_session_del(connection->session);
        free(connection);
        return NULL;
    }
    connection->next = server->connections;
    if (connection->next)
        connection->next->previous = connection;
    server->connections = connection;
    server->connection_count++;
    return connection;
}

void p4h_connection_free(p4h_connection_t *connection) {
    p4h_server_t *server = connection->server;
    while (connection->calls)
        p4h_call_free(connection->calls);
    nghttp2_session_del(connection->session);
    close(connection->fd);
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        server->connections = connection->next;
    if (connection->next)
        connection->next->previous = connection->previous;
    server->connection_count--;
    free(connection->out.at);
    free(connection);
}

/* Reads what is there, once; a broken connection becomes `dead`. */
void p4h_connection_read(p4h_connection_t *connection) {
    static _Thread_local uint8_t buffer[READ_BYTES];
    ssize_t size = recv(connection->fd, buffer, sizeof buffer, 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size <= 0 || nghttp2_session_mem_recv(connection->session, buffer, (size_t)size) < 0)
        connection->dead = true;
}

/* Collects frames up to WRITE_BYTES, so that an answer leaves in one piece; false when memory is short. */
static bool connection_collect(p4h_connection_t *connection) {
    const uint8_t *data;
    ssize_t size = 1;
    while (connection->out.size - connection->out.used < WRITE_BYTES && size > 0) {
        size = nghttp2_session_mem_send(connection->session, &data);
        if (size < 0 || (size > 0 && !p4h_append(&connection->out, data, (size_t)size)))
            return false;
    }
    return true;
}

static void connection_watch(p4h_connection_t *connection, bool writing) {
    if (connection->waits_to_write == writing)
        return;
    connection->waits_to_write = writing;
    struct epoll_event event = {.events = writing ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = connection};
    epoll_ctl(connection->server->poll, EPOLL_CTL_MOD, connection->fd, &event);
}

/* Sends all that the socket takes; a broken connection becomes `dead`. */
void p4h_connection_flush(p4h_connection_t *connection) {
    p4h_bytes_t *out = &connection->out;
    while (!connection->dead) {
        if (!connection_collect(connection)) {
            connection->dead = true;
            return;
        }
        if (out->used == out->size)
            break;
        ssize_t sent = send(connection->fd, out->at + out->used, out->size - out->used, MSG_NOSIGNAL);
        if (sent >= 0)
            p4h_consume(out, (size_t)sent);
        else if (errno == EAGAIN)
            break;
        else if (errno != EINTR)
            connection->dead = true;
    }
    if (connection->dead)
        return;
    connection_watch(connection, out->used != out->size);
    if (out->used == out->size && !nghttp2_session_want_read(connection->session) &&
        !nghttp2_session_want_write(connection->session))
        connection->dead = true;
}
