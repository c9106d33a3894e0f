#include "io_link.h"
#include "io_port.h"
#include "io_tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define SOCKET_BUFFER (4 << 20)

static int set_option(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof value) < 0 ? -errno : 0;
}

static void set_buffer(int fd, int force, int plain)
{
    if (set_option(fd, SOL_SOCKET, force, SOCKET_BUFFER) < 0)
        set_option(fd, SOL_SOCKET, plain, SOCKET_BUFFER);
}

static int bind_to(int fd, int index, uint16_t protocol)
{
    struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(protocol), .sll_ifindex = index};
    return bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ? -errno : 0;
}

static int query(int fd, const char *device, unsigned long request, struct ifreq *answer)
{
    memset(answer, 0, sizeof *answer);
    snprintf(answer->ifr_name, sizeof answer->ifr_name, "%s", device);
    return ioctl(fd, request, answer) < 0 ? -errno : 0;
}

static int set_up_receiver(io_port_t *port)
{
    int error = set_option(port->rx, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
    if (error == 0)
        error = set_option(port->rx, SOL_PACKET, PACKET_VNET_HDR, 1);
    if (error == 0)
        error = set_option(port->rx, SOL_PACKET, PACKET_AUXDATA, 1);
    set_buffer(port->rx, SO_RCVBUFFORCE, SO_RCVBUF);
    if (error == 0 && port->want_ring)
        error = io_ring_open(&port->ring, port->rx);
    /* The kernel leaves promiscuous mode by itself when the socket goes, however the process ends. */
    struct packet_mreq promiscuous = {.mr_ifindex = port->index, .mr_type = PACKET_MR_PROMISC};
    if (error == 0 && setsockopt(port->rx, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof promiscuous) < 0)
        error = -errno;
    return error ? error : bind_to(port->rx, port->index, ETH_P_ALL);
}

static int set_up_sender(io_port_t *port)
{
    /* A socket of its own, with protocol 0, so that it receives nothing. */
    int error = set_option(port->tx, SOL_PACKET, PACKET_VNET_HDR, 1);
    set_buffer(port->tx, SO_SNDBUFFORCE, SO_SNDBUF);
    return error ? error : bind_to(port->tx, port->index, 0);
}

/* Opens or closes the AF_XDP socket as the state of the interface asks for. */
static int refresh_xdp(io_port_t *port)
{
    bool wanted = port->want_xdp && port->up && (port->need_xdp || io_link_unqueued(port->index));
    wanted = wanted && (port->need_xdp || !port->tapped);
    if (!wanted && port->xdp.fd >= 0)
        io_xdp_close(&port->xdp);
    if (!wanted || port->xdp.fd >= 0)
        return 0;
    return io_xdp_open(&port->xdp, port->index);
}

static int read_state(io_port_t *port, int fd)
{
    struct ifreq answer;
    int error = query(fd, port->device, SIOCGIFFLAGS, &answer);
    if (error)
        return error;
    port->up = (answer.ifr_flags & (IFF_UP | IFF_RUNNING)) == (IFF_UP | IFF_RUNNING);
    error = query(fd, port->device, SIOCGIFMTU, &answer);
    port->mtu = error ? 0 : answer.ifr_mtu;
    return error;
}

static int open_port(io_port_t *port)
{
    struct ifreq answer;
    port->rx = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    port->tx = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    int error = port->rx < 0 || port->tx < 0 ? -errno : query(port->rx, port->device, SIOCGIFINDEX, &answer);
    if (error == 0) {
        port->index = answer.ifr_ifindex;
        error = set_up_receiver(port);
    }
    if (error == 0)
        error = set_up_sender(port);
    if (error == 0)
        error = read_state(port, port->rx);
    port->tapped = error == 0 && io_tapped(port->index, port->rx);
    if (error == 0 && refresh_xdp(port) != 0 && port->need_xdp)
        error = -EOPNOTSUPP;
    if (error)
        io_port_close(port);
    return error;
}

int io_port_open(io_port_t *port)
{
    int error = open_port(port);
    if (error != -ENOMEM || !port->want_ring || port->need_ring)
        return error;
    port->want_ring = false;
    return open_port(port);
}

void io_port_close(io_port_t *port)
{
    if (port->rx >= 0)
        io_port_poll_overflow(port);
    io_ring_close(&port->ring);
    io_xdp_close(&port->xdp);
    if (port->rx >= 0)
        close(port->rx);
    if (port->tx >= 0)
        close(port->tx);
    port->rx = port->tx = -1;
    port->index = 0;
    port->up = false;
}

void io_port_refresh(io_port_t *port)
{
    struct ifreq answer;
    int fd = port->rx >= 0 ? port->rx : socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    int error = query(fd, port->device, SIOCGIFINDEX, &answer);
    bool same = error == 0 && answer.ifr_ifindex == port->index;
    if (same && read_state(port, fd) == 0)
        refresh_xdp(port);
    if (fd != port->rx)
        close(fd);
    if (same)
        return;
    io_port_close(port);
    if (error == 0)
        io_port_open(port);
}

void io_port_watch_taps(io_port_t *port)
{
    if (port->rx < 0 || !port->want_xdp || port->need_xdp)
        return;
    bool tapped = io_tapped(port->index, port->rx);
    if (tapped != port->tapped) {
        port->tapped = tapped;
        refresh_xdp(port);
    }
}

void io_port_poll_overflow(io_port_t *port)
{
    struct tpacket_stats stats;
    socklen_t len = sizeof stats;
    if (port->rx >= 0 && getsockopt(port->rx, SOL_PACKET, PACKET_STATISTICS, &stats, &len) == 0)
        io_count(&port->counters.rx_dropped_overflow, stats.tp_drops);
}
