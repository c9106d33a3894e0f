/* Sends small UDP packets on an interface at a given rate, paced in batches: through an AF_XDP socket, which costs the
 * sender least, or else with sendmmsg past the queueing discipline.
 *
 * flood IFACE RATE SECONDS LENGTH FLOWS DST_MAC DST_IP: prints how many packets it sent.
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "io_xdp.h"

#define BATCH 32

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint16_t checksum(const uint8_t *header)
{
    uint32_t sum = 0;
    for (int i = 0; i < 20; i += 2)
        sum += (uint32_t)(header[i] << 8 | header[i + 1]);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t) ~(sum + (sum >> 16));
}

static void make_frame(uint8_t *frame, int len, const char *mac, const char *address)
{
    unsigned m[6];
    memset(frame, 0, (size_t)len);
    if (sscanf(mac, "%x:%x:%x:%x:%x:%x", m, m + 1, m + 2, m + 3, m + 4, m + 5) != 6)
        exit(2);
    for (int i = 0; i < 6; i++)
        frame[i] = (uint8_t)m[i];
    uint8_t source[6] = {2, 0, 0, 0, 0, 1};
    memcpy(frame + 6, source, 6);
    frame[12] = 8;
    uint8_t *ip = frame + 14;
    uint8_t start[12] = {0x45, 0, (uint8_t)((len - 14) >> 8), (uint8_t)(len - 14), 0, 0, 0, 0, 64, 17};
    memcpy(ip, start, 12);
    inet_pton(AF_INET, "10.77.0.1", ip + 12);
    inet_pton(AF_INET, address, ip + 16);
    uint16_t sum = htons(checksum(ip));
    memcpy(ip + 10, &sum, 2);
    ip[20] = 0x13, ip[22] = 0x14, ip[25] = (uint8_t)(len - 34);
}

/* Sends the batch; returns how many packets left. */
static int send_batch(io_xdp_t *xdp, int fd, struct mmsghdr *messages, int len)
{
    int error;
    if (xdp->fd < 0)
        return sendmmsg(fd, messages, BATCH, 0);
    for (int i = 0; i < BATCH; i++)
        if (!io_xdp_send(xdp, messages[i].msg_hdr.msg_iov->iov_base, (uint32_t)len))
            break;
    return (int)io_xdp_flush(xdp, &error);
}

int main(int argc, char **argv)
{
    static uint8_t frames[BATCH][2048];
    struct mmsghdr messages[BATCH] = {0};
    struct iovec parts[BATCH];
    if (argc != 8)
        return 2;
    double rate = atof(argv[2]), seconds = atof(argv[3]);
    int len = atoi(argv[4]), flows = atoi(argv[5]), on = 1;
    int fd = socket(AF_PACKET, SOCK_RAW, 0);
    struct sockaddr_ll where = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(argv[1])};
    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&where, sizeof where) < 0)
        return 1;
    for (int i = 0; i < BATCH; i++) {
        make_frame(frames[i], len, argv[6], argv[7]);
        parts[i] = (struct iovec){frames[i], (size_t)len};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
    }
    io_xdp_t xdp;
    io_xdp_open(&xdp, where.sll_ifindex);
    double start = now(), t;
    uint64_t sent = 0;
    while ((t = now() - start) < seconds) {
        if ((double)sent > t * rate) {
            struct timespec nap = {.tv_nsec = 50000};
            nanosleep(&nap, NULL);
            continue;
        }
        for (int i = 0; i < BATCH; i++) {
            unsigned flow = (unsigned)((sent + (unsigned)i) % (unsigned)flows);
            frames[i][34] = (uint8_t)(flow >> 8), frames[i][35] = (uint8_t)flow;
        }
        int done = send_batch(&xdp, fd, messages, len);
        sent += done > 0 ? (uint64_t)done : 0;
    }
    printf("%llu\n", (unsigned long long)sent);
    return 0;
}
