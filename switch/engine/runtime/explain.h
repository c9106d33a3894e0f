/* Explaining a packet: it runs in a copy of the process, so that nothing it does is kept. Included behind life.h.
 *
 * The packets of the real switch wait while the copy is made, not while it runs. The copy shares all memory until
 * somebody writes, so flow tables of any size cost page tables only.
 */
#ifdef P4E_TRACE

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define P4E_EXPLAIN_MS 5000

static void p4e_explain_discard(p4e_sink_t *sink, uint32_t port, const uint8_t *data, uint32_t len) {
    (void)sink, (void)port, (void)data, (void)len;
}

/* In the copy: runs the packet and writes what happened. */
static void p4e_explain_copy(p4e_t *engine, p4e_packet_t *packet, p4e_trace_t *trace, int out) {
    p4e_sink_t sink = {.emit = p4e_explain_discard};
    p4e_unhold(&engine->reclaim);
    engine->events.call = NULL;
    engine->trace = trace;
    p4e_run(engine, packet, 1, &sink);
    for (uint64_t done = 0; done < trace->used;) {
        ssize_t written = write(out, trace->bytes + done, trace->used - done);
        if (written < 0)
            _exit(1);
        done += (uint64_t)written;
    }
    _exit(0);
}

/* Reads until the copy has closed its end; returns the bytes, or -1 when it took too long or said too much. */
static int64_t p4e_explain_read(int in, uint8_t *out, uint64_t room) {
    uint64_t used = 0;
    for (;;) {
        struct pollfd waiting = {.fd = in, .events = POLLIN};
        int ready = poll(&waiting, 1, P4E_EXPLAIN_MS);
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0)
            return -1;
        ssize_t got = read(in, out + used, room - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? -1 : (int64_t)used;
        used += (uint64_t)got;
        if (used == room)
            return -1;
    }
}

/* What a packet would do that comes in now. The trace's room is `room`; returns its bytes, or a negative status. */
P4E_API int64_t p4e_explain(p4e_t *engine, uint32_t port, const uint8_t *data, uint32_t len, uint8_t *out,
                            uint64_t room) {
    int ends[2];
    uint8_t *buffer = malloc((uint64_t)P4E_HEADROOM + len + 64);
    if (!buffer || room < 4096 || pipe2(ends, O_CLOEXEC) != 0) {
        free(buffer);
        return P4E_NO_MEMORY;
    }
    memcpy(buffer + P4E_HEADROOM, data, len);
    p4e_packet_t packet = {buffer + P4E_HEADROOM, len, port};
    p4e_trace_t trace = {.bytes = out, .room = room - 1};
    p4e_lock(engine);
    p4e_hold(&engine->reclaim);
    pid_t copy = fork();
    if (copy == 0)
        p4e_explain_copy(engine, &packet, &trace, ends[1]);
    p4e_unhold(&engine->reclaim);
    p4e_unlock(engine, P4E_OK);
    close(ends[1]);
    int64_t used = copy < 0 ? -1 : p4e_explain_read(ends[0], out, room);
    close(ends[0]);
    free(buffer);
    if (copy < 0)
        return P4E_NO_MEMORY;
    if (used < 0)
        kill(copy, SIGKILL);
    int status = 0;
    while (waitpid(copy, &status, 0) < 0 && errno == EINTR)
        ;
    return used < 0 || !WIFEXITED(status) || WEXITSTATUS(status) ? P4E_NO_MEMORY : used;
}

#endif
