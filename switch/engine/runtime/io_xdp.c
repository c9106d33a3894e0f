#include "io_xdp.h"

#include <errno.h>
#include <linux/if_xdp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOCKET_BUFFER (4 << 20)
#define UNUSED_RING 64 /* the kernel wants a ring of buffers to receive into, even from those who do not */
#define BUDGET 256
#define PATIENCE 64 /* calls that may send nothing */
#ifndef XDP_MAX_TX_SKB_BUDGET
#define XDP_MAX_TX_SKB_BUDGET 9
#endif

static int ring_map(io_xdp_t *xdp, io_xdp_ring_t *ring, const struct xdp_ring_offset *at, size_t entry, uint64_t page)
{
    ring->size = at->desc + IO_XDP_CHUNKS * entry;
    ring->map = mmap(NULL, ring->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, xdp->fd, (off_t)page);
    if (ring->map == MAP_FAILED) {
        ring->map = NULL;
        return -errno;
    }
    ring->producer = (uint32_t *)(void *)((uint8_t *)ring->map + at->producer);
    ring->consumer = (uint32_t *)(void *)((uint8_t *)ring->map + at->consumer);
    ring->entries = (uint8_t *)ring->map + at->desc;
    return 0;
}

static int set_ring(int fd, int option, int entries)
{
    return setsockopt(fd, SOL_XDP, option, &entries, sizeof entries) < 0 ? -errno : 0;
}

static int register_memory(io_xdp_t *xdp)
{
    uint64_t size = (uint64_t)IO_XDP_CHUNK * IO_XDP_CHUNKS;
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return -errno;
    xdp->memory = memory;
    struct xdp_umem_reg area = {.addr = (uintptr_t)memory, .len = size, .chunk_size = IO_XDP_CHUNK};
    return setsockopt(xdp->fd, SOL_XDP, XDP_UMEM_REG, &area, sizeof area) < 0 ? -errno : 0;
}

static int map_rings(io_xdp_t *xdp)
{
    struct xdp_mmap_offsets at;
    socklen_t len = sizeof at;
    if (getsockopt(xdp->fd, SOL_XDP, XDP_MMAP_OFFSETS, &at, &len) < 0)
        return -errno;
    int error = ring_map(xdp, &xdp->tx, &at.tx, sizeof(struct xdp_desc), XDP_PGOFF_TX_RING);
    return error ? error : ring_map(xdp, &xdp->done, &at.cr, sizeof(uint64_t), XDP_UMEM_PGOFF_COMPLETION_RING);
}

static int attach(io_xdp_t *xdp, int index)
{
    struct sockaddr_xdp address = {.sxdp_family = AF_XDP, .sxdp_ifindex = (uint32_t)index, .sxdp_flags = XDP_COPY};
    return bind(xdp->fd, (struct sockaddr *)&address, sizeof address) < 0 ? -errno : 0;
}

int io_xdp_open(io_xdp_t *xdp, int index)
{
    int size = SOCKET_BUFFER, budget = BUDGET;
    memset(xdp, 0, sizeof *xdp);
    xdp->fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (xdp->fd < 0)
        return -errno;
    setsockopt(xdp->fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
    setsockopt(xdp->fd, SOL_XDP, XDP_MAX_TX_SKB_BUDGET, &budget, sizeof budget); /* known since Linux 6.18 */
    int error = register_memory(xdp);
    if (error == 0)
        error = set_ring(xdp->fd, XDP_UMEM_FILL_RING, UNUSED_RING);
    if (error == 0)
        error = set_ring(xdp->fd, XDP_UMEM_COMPLETION_RING, IO_XDP_CHUNKS);
    if (error == 0)
        error = set_ring(xdp->fd, XDP_TX_RING, IO_XDP_CHUNKS);
    if (error == 0)
        error = map_rings(xdp);
    if (error == 0)
        error = attach(xdp, index);
    if (error) {
        io_xdp_close(xdp);
        return error;
    }
    for (uint32_t i = 0; i < IO_XDP_CHUNKS; i++)
        xdp->free[xdp->free_count++] = i;
    return 0;
}

void io_xdp_close(io_xdp_t *xdp)
{
    io_xdp_ring_t *rings[] = {&xdp->tx, &xdp->done};
    for (int i = 0; i < 2; i++) {
        if (rings[i]->map)
            munmap(rings[i]->map, rings[i]->size);
        rings[i]->map = NULL;
    }
    if (xdp->fd >= 0)
        close(xdp->fd);
    if (xdp->memory)
        munmap(xdp->memory, (size_t)IO_XDP_CHUNK * IO_XDP_CHUNKS);
    xdp->fd = -1;
    xdp->memory = NULL;
    xdp->queued = 0;
}

/* Takes chunks back that the kernel is done with. */
static void reclaim(io_xdp_t *xdp)
{
    uint32_t end = __atomic_load_n(xdp->done.producer, __ATOMIC_ACQUIRE);
    const uint64_t *addresses = xdp->done.entries;
    for (; xdp->completed != end && xdp->free_count < IO_XDP_CHUNKS; xdp->completed++)
        xdp->free[xdp->free_count++] = (uint32_t)(addresses[xdp->completed % IO_XDP_CHUNKS] / IO_XDP_CHUNK);
    __atomic_store_n(xdp->done.consumer, xdp->completed, __ATOMIC_RELEASE);
}

bool io_xdp_send(io_xdp_t *xdp, const uint8_t *data, uint32_t len)
{
    if (len == 0 || len > IO_XDP_CHUNK)
        return false;
    if (xdp->free_count == 0)
        reclaim(xdp);
    if (xdp->free_count == 0)
        return false;
    struct xdp_desc *entries = xdp->tx.entries;
    uint64_t address = (uint64_t)xdp->free[--xdp->free_count] * IO_XDP_CHUNK;
    memcpy(xdp->memory + address, data, len);
    entries[xdp->produced++ % IO_XDP_CHUNKS] = (struct xdp_desc){.addr = address, .len = len};
    xdp->queued++;
    return true;
}

static uint32_t taken(const io_xdp_t *xdp)
{
    return __atomic_load_n(xdp->tx.consumer, __ATOMIC_ACQUIRE);
}

uint32_t io_xdp_flush(io_xdp_t *xdp, int *error)
{
    uint32_t start = taken(xdp), before = start, refused = 0;
    *error = 0;
    if (!xdp->queued)
        return 0;
    __atomic_store_n(xdp->tx.producer, xdp->produced, __ATOMIC_RELEASE);
    for (unsigned idle = 0; taken(xdp) != xdp->produced && idle < PATIENCE; idle++) {
        if (sendto(xdp->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 && errno != EINTR) {
            *error = errno;
            refused += errno == EBUSY; /* the device dropped one; the kernel goes on with the next */
        }
        if (taken(xdp) != before)
            idle = 0;
        before = taken(xdp);
    }
    uint32_t sent = before - start - refused;
    xdp->queued = 0;
    reclaim(xdp);
    if (before != xdp->produced) /* the rest cannot be taken out of the ring again */
        io_xdp_close(xdp);
    return sent;
}
