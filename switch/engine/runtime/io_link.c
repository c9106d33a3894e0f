#include "io_link.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/pkt_sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int io_link_open(void)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK | RTMGRP_TC};
    if (fd < 0)
        return -errno;
    if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    int error = -errno;
    close(fd);
    return error;
}

static const char *device_name(struct nlmsghdr *message)
{
    struct ifinfomsg *info = NLMSG_DATA(message);
    int left = (int)IFLA_PAYLOAD(message);
    for (struct rtattr *a = IFLA_RTA(info); RTA_OK(a, left); a = RTA_NEXT(a, left))
        if (a->rta_type == IFLA_IFNAME)
            return RTA_DATA(a);
    return "";
}

void io_link_read(int fd, void (*changed)(void *context, const char *device, int index), void *context)
{
    _Alignas(struct nlmsghdr) char buffer[16384];
    for (;;) {
        ssize_t got = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
        if (got < 0 && errno == ENOBUFS) {
            changed(context, NULL, 0);
            continue;
        }
        if (got <= 0)
            return;
        unsigned left = (unsigned)got;
        for (struct nlmsghdr *m = (void *)buffer; NLMSG_OK(m, left); m = NLMSG_NEXT(m, left))
            if (m->nlmsg_type == RTM_NEWLINK || m->nlmsg_type == RTM_DELLINK)
                changed(context, device_name(m), ((struct ifinfomsg *)NLMSG_DATA(m))->ifi_index);
            else if (m->nlmsg_type == RTM_NEWQDISC || m->nlmsg_type == RTM_DELQDISC)
                changed(context, "", ((struct tcmsg *)NLMSG_DATA(m))->tcm_ifindex);
    }
}

static bool is_noqueue(struct nlmsghdr *message)
{
    struct tcmsg *info = NLMSG_DATA(message);
    int left = (int)(message->nlmsg_len - NLMSG_LENGTH(sizeof *info));
    for (struct rtattr *a = (void *)((char *)info + NLMSG_ALIGN(sizeof *info)); RTA_OK(a, left); a = RTA_NEXT(a, left))
        if (a->rta_type == TCA_KIND)
            return strcmp(RTA_DATA(a), "noqueue") == 0;
    return false;
}

/* Reads the answer to a dump of disciplines; true when the interface has none but noqueue. */
static bool read_disciplines(int fd, int index)
{
    _Alignas(struct nlmsghdr) char buffer[16384];
    bool found = false;
    for (;;) {
        ssize_t got = recv(fd, buffer, sizeof buffer, 0);
        if (got <= 0)
            return false;
        unsigned left = (unsigned)got;
        for (struct nlmsghdr *m = (void *)buffer; NLMSG_OK(m, left); m = NLMSG_NEXT(m, left)) {
            if (m->nlmsg_type == NLMSG_DONE)
                return found;
            if (m->nlmsg_type == NLMSG_ERROR)
                return false;
            if (m->nlmsg_type != RTM_NEWQDISC || ((struct tcmsg *)NLMSG_DATA(m))->tcm_ifindex != index)
                continue;
            if (!is_noqueue(m))
                return false;
            found = true;
        }
    }
}

bool io_link_unqueued(int index)
{
    struct {
        struct nlmsghdr head;
        struct tcmsg info;
    } request = {
        .head = {.nlmsg_len = sizeof request, .nlmsg_type = RTM_GETQDISC, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .info = {.tcm_family = AF_UNSPEC, .tcm_ifindex = index},
    };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    bool unqueued = fd >= 0 && send(fd, &request, sizeof request, 0) == sizeof request && read_disciplines(fd, index);
    if (fd >= 0)
        close(fd);
    return unqueued;
}
