/* The bare loop that packet I/O is measured against: recvmmsg on one interface, sendmmsg on the other.
 *
 * loop IFACE0 IFACE1: forwards every frame of the one to the other, until it is killed.
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define BATCH 64
#define FRAME 9234

static int open_interface(const char *device)
{
    int on = 1, size = 4 << 20;
    int index = (int)if_nametoindex(device);
    int fd = socket(AF_PACKET, SOCK_RAW, 0);
    struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = index};
    struct packet_mreq promiscuous = {.mr_ifindex = index, .mr_type = PACKET_MR_PROMISC};
    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on);
    setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof promiscuous);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
    if (index == 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        perror(device);
        exit(1);
    }
    return fd;
}

int main(int argc, char **argv)
{
    static unsigned char frames[BATCH][FRAME];
    struct mmsghdr messages[BATCH];
    struct iovec parts[BATCH];
    struct pollfd fds[2];
    if (argc != 3)
        return 2;
    for (int i = 0; i < 2; i++)
        fds[i] = (struct pollfd){.fd = open_interface(argv[i + 1]), .events = POLLIN};
    for (;;) {
        poll(fds, 2, -1);
        for (int side = 0; side < 2; side++) {
            memset(messages, 0, sizeof messages);
            for (int i = 0; i < BATCH; i++) {
                parts[i] = (struct iovec){frames[i], FRAME};
                messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
            }
            if (!(fds[side].revents & POLLIN))
                continue;
            int count = recvmmsg(fds[side].fd, messages, BATCH, MSG_DONTWAIT, NULL);
            for (int i = 0; i < count; i++)
                parts[i].iov_len = messages[i].msg_len;
            for (int done = 0; done < count;) {
                int sent = sendmmsg(fds[!side].fd, messages + done, (unsigned)(count - done), MSG_DONTWAIT);
                done += sent > 0 ? sent : 1;
            }
        }
    }
}
