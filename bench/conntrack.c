/* Sends UDP packets of many flows through an interface, past its queueing discipline. What the kernel does with them
 * behind a veth pair happens within the calls, so it is in the thread's own time.
 */
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#define BATCH 64u
#define LONGEST 256u
#define SCATTER 2654435761u /* prime: neighbours in time are not neighbours in the table */

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Sends `count` copies of a frame; the 32 bits at `ports` are the flow's number, first .. first + flows - 1. Returns
 * nanoseconds of processor time, 0 when the kernel refused. */
__attribute__((visibility("default")))
uint64_t conntrack_send(int socket, const uint8_t *frame, uint32_t len, uint32_t ports, uint32_t first, uint32_t flows,
                        uint64_t count) {
    static uint8_t frames[BATCH][LONGEST];
    struct mmsghdr messages[BATCH];
    struct iovec parts[BATCH];
    if (len > LONGEST || ports + 4 > len || flows == 0)
        return 0;
    memset(messages, 0, sizeof messages);
    for (uint32_t i = 0; i < BATCH; i++) {
        memcpy(frames[i], frame, len);
        parts[i] = (struct iovec){frames[i], len};
        messages[i].msg_hdr.msg_iov = &parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    uint64_t start = now();
    for (uint64_t sent = 0; sent < count;) {
        uint32_t size = count - sent < BATCH ? (uint32_t)(count - sent) : BATCH;
        for (uint32_t i = 0; i < size; i++) {
            uint32_t number = first + (uint32_t)((sent + i) * SCATTER % flows);
            uint8_t bytes[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};
            memcpy(frames[i] + ports, bytes, 4);
        }
        int done = sendmmsg(socket, messages, size, 0);
        if (done <= 0)
            return 0;
        sent += (uint64_t)done;
    }
    return now() - start;
}
