/* The server: listening sockets, all connections, and what happened on them. */
#include "h2.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 64, MAX_CONNECTIONS = 1024 };

static bool server_watch(p4h_server_t *server, int fd, void *tag) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = tag};
    return !epoll_ctl(server->poll, EPOLL_CTL_ADD, fd, &event);
}

/* A server on sockets that listen without blocking; `wake` is an eventfd. The arrays must outlive it. NULL: errno. */
EXPORT p4h_server_t *p4h_open(const int *listeners, uint32_t listener_count, int wake, const p4h_method_t *methods,
                              uint32_t method_count) {
    p4h_server_t *server = calloc(1, sizeof *server);
    if (!server)
        return NULL;
    server->listeners = listeners;
    server->listener_count = listener_count;
    server->wake = wake;
    server->methods = methods;
    server->method_count = method_count;
    server->callbacks = p4h_callbacks();
    server->poll = epoll_create1(EPOLL_CLOEXEC);
    bool good = server->callbacks && server->poll >= 0 && server_watch(server, wake, &server->wake);
    for (uint32_t i = 0; i < listener_count; i++)
        good = good && server_watch(server, listeners[i], (void *)&listeners[i]);
    if (good)
        return server;
    if (server->poll >= 0)
        close(server->poll);
    nghttp2_session_callbacks_del(server->callbacks);
    free(server);
    return NULL;
}

/* Says goodbye to all clients, sends what can be sent without waiting, and frees everything but the given sockets. */
EXPORT void p4h_close(p4h_server_t *server) {
    while (server->connections) {
        nghttp2_session_terminate_session(server->connections->session, NGHTTP2_NO_ERROR);
        p4h_connection_flush(server->connections);
        p4h_connection_free(server->connections);
    }
    for (p4h_note_t *note = server->first; note;) {
        p4h_note_t *next = note->next;
        free(note);
        note = next;
    }
    free(server->current);
    for (uint32_t i = 0; i < server->call_count; i++)
        free(server->calls[i]);
    free(server->calls);
    close(server->poll);
    nghttp2_session_callbacks_del(server->callbacks);
    free(server);
}

static void server_accept(p4h_server_t *server, int listener) {
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
        if (server->connection_count >= MAX_CONNECTIONS || !p4h_connection_new(server, fd))
            close(fd);
}

static bool is_listener(const p4h_server_t *server, const void *tag) {
    return (const int *)tag >= server->listeners && (const int *)tag < server->listeners + server->listener_count;
}

/* Sends everything, then gives up what is dead; that may queue events. */
static void server_flush(p4h_server_t *server) {
    for (p4h_connection_t *connection = server->connections, *next; connection; connection = next) {
        next = connection->next;
        p4h_connection_flush(connection);
        if (connection->dead)
            p4h_connection_free(connection);
    }
}

/* Waits for sockets and handles them; true when `wake` was among them. */
static bool server_wait(p4h_server_t *server) {
    struct epoll_event events[EVENTS];
    bool woken = false;
    int count = epoll_wait(server->poll, events, EVENTS, -1);
    for (int i = 0; i < count; i++) {
        void *tag = events[i].data.ptr;
        if (tag == &server->wake) {
            uint64_t times;
            woken |= read(server->wake, &times, sizeof times) > 0;
        } else if (is_listener(server, tag))
            server_accept(server, *(const int *)tag);
        else if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
            p4h_connection_read(tag);
    }
    return woken;
}

/* Waits until something happened, and says what. */
EXPORT void p4h_next(p4h_server_t *server, p4h_event_t *event) {
    free(server->current);
    server->current = NULL;
    while (!server->first) {
        server_flush(server);
        if (!server->first && server_wait(server)) {
            *event = (p4h_event_t){.kind = P4H_WOKEN};
            return;
        }
    }
    server->current = server->first;
    server->first = server->current->next;
    if (!server->first)
        server->last = NULL;
    *event = server->current->event;
}
