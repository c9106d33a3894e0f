#include "io_segment.h"

#include <arpa/inet.h>
#include <string.h>

enum {
    ETH_IPV4 = 0x0800,
    ETH_IPV6 = 0x86dd,
    ETH_VLAN = 0x8100,
    ETH_QINQ = 0x88a8,
    ETH_BRIDGING = 0x6558,
    IPPROTO_IN_IPV4 = 4,
    PROTO_TCP = 6,
    PROTO_UDP = 17,
    IPPROTO_IN_IPV6 = 41,
    PROTO_GRE = 47,
    GENEVE_PORT = 6081,
    GRE_CHECKSUM = 0x8000,
    GRE_KEY = 0x2000,
    GRE_SEQUENCE = 0x1000,
    TCP_FIN = 0x01,
    TCP_PSH = 0x08,
    TCP_CWR = 0x80,
};

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, uint32_t value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void put32(uint8_t *p, uint32_t value)
{
    put16(p, value >> 16);
    put16(p + 2, value);
}

/* --- finding the headers -------------------------------------------------------------------------------- */

static bool add_header(io_segmenter_t *s, uint32_t offset, io_header_kind_t kind)
{
    if (s->header_count == IO_MAX_HEADERS)
        return false;
    s->headers[s->header_count].offset = offset;
    s->headers[s->header_count].kind = kind;
    s->header_count++;
    return true;
}

static bool is_extension(uint8_t protocol)
{
    return protocol == 0 || protocol == 43 || protocol == 60;
}

static bool walk_ethernet(io_segmenter_t *s, uint32_t at);
static bool walk_type(io_segmenter_t *s, uint32_t at, uint16_t type);

/* Between a UDP tunnel's header and its inner packet: Geneve by its port, otherwise eight bytes as VXLAN has. */
static bool walk_udp_tunnel(io_segmenter_t *s, uint32_t at)
{
    if (at + 16 > s->transport || !add_header(s, at, IO_OUTER_UDP))
        return false;
    const uint8_t *tunnel = s->data + at + 8;
    if (get16(s->data + at + 2) != GENEVE_PORT)
        return walk_ethernet(s, at + 16);
    return walk_type(s, at + 16 + 4u * (tunnel[0] & 0x3f), get16(tunnel + 2));
}

static bool walk_gre(io_segmenter_t *s, uint32_t at)
{
    if (at + 4 > s->transport || !add_header(s, at, IO_GRE))
        return false;
    uint16_t flags = get16(s->data + at);
    uint32_t len = 4 + (flags & GRE_CHECKSUM ? 4 : 0) + (flags & GRE_KEY ? 4 : 0) + (flags & GRE_SEQUENCE ? 4 : 0);
    return walk_type(s, at + len, get16(s->data + at + 2));
}

static bool walk_protocol(io_segmenter_t *s, uint32_t at, uint8_t protocol)
{
    if (at == s->transport)
        return protocol == (s->tcp ? PROTO_TCP : PROTO_UDP);
    switch (protocol) {
    case PROTO_UDP:
        return walk_udp_tunnel(s, at);
    case PROTO_GRE:
        return walk_gre(s, at);
    case IPPROTO_IN_IPV4:
        return walk_type(s, at, ETH_IPV4);
    case IPPROTO_IN_IPV6:
        return walk_type(s, at, ETH_IPV6);
    default:
        return false;
    }
}

static bool walk_ipv6(io_segmenter_t *s, uint32_t at)
{
    if (at + 40 > s->transport || !add_header(s, at, IO_IPV6))
        return false;
    uint8_t protocol = s->data[at + 6];
    at += 40;
    while (is_extension(protocol)) {
        if (at + 8 > s->transport)
            return false;
        protocol = s->data[at];
        at += 8u * (s->data[at + 1] + 1u);
    }
    return at <= s->transport && walk_protocol(s, at, protocol);
}

static bool walk_type(io_segmenter_t *s, uint32_t at, uint16_t type)
{
    while (type == ETH_VLAN || type == ETH_QINQ) {
        if (at + 4 > s->transport)
            return false;
        type = get16(s->data + at + 2);
        at += 4;
    }
    if (type == ETH_BRIDGING)
        return walk_ethernet(s, at);
    if (type == ETH_IPV6)
        return walk_ipv6(s, at);
    if (type != ETH_IPV4 || at + 20 > s->transport || !add_header(s, at, IO_IPV4))
        return false;
    uint32_t end = at + 4u * (s->data[at] & 15);
    return end >= at + 20 && end <= s->transport && walk_protocol(s, end, s->data[at + 9]);
}

static bool walk_ethernet(io_segmenter_t *s, uint32_t at)
{
    return at + 14 <= s->transport && walk_type(s, at + 14, get16(s->data + at + 12));
}

/* --- super-packets whose checksum was already verified (receive offloads) -------------------------------- */

/* Finds the transport header of a plain (not tunnelled) frame; 0 when there is none. */
static uint32_t find_transport(const uint8_t *data, uint32_t len)
{
    uint32_t at = 14;
    if (len < 54)
        return 0;
    uint16_t type = get16(data + 12);
    for (; (type == ETH_VLAN || type == ETH_QINQ) && at + 44 <= len; at += 4)
        type = get16(data + at + 2);
    if (type == ETH_IPV4)
        return at + 4u * (data[at] & 15);
    if (type != ETH_IPV6)
        return 0;
    uint8_t protocol = data[at + 6];
    for (at += 40; is_extension(protocol) && at + 8 <= len; at += 8u * (data[at + 1] + 1u))
        protocol = data[at];
    return at;
}

/* Replaces a complete transport checksum by its pseudo-header's sum, the form that segmentation starts from. */
static bool make_partial(io_frame_t *frame, bool tcp)
{
    uint32_t transport = find_transport(frame->data, frame->len);
    uint32_t offset = tcp ? 16 : 6;
    if (transport == 0 || transport + (tcp ? 20 : 8) > frame->len)
        return false;
    uint16_t zero = 0;
    uint8_t *field = frame->data + transport + offset;
    uint16_t old = 0;
    memcpy(&old, field, 2);
    memcpy(field, &zero, 2);
    /* pseudo + payload == ~old, so pseudo == ~old - payload */
    uint16_t payload = io_fold(io_sum(frame->data + transport, frame->len - transport, 0));
    uint16_t pseudo = io_fold((uint64_t)(uint16_t)~old + (uint16_t)~payload);
    memcpy(field, &pseudo, 2);
    frame->offload.flags |= IO_NEEDS_CHECKSUM;
    frame->offload.csum_start = (uint16_t)transport;
    frame->offload.csum_offset = (uint16_t)offset;
    return true;
}

/* --- cutting ---------------------------------------------------------------------------------------------- */

bool io_segment_start(io_segmenter_t *s, io_frame_t *frame)
{
    uint8_t type = frame->offload.gso_type & (uint8_t)~IO_GSO_ECN;
    memset(s, 0, sizeof *s);
    s->tcp = type == IO_GSO_TCP4 || type == IO_GSO_TCP6;
    if ((!s->tcp && type != IO_GSO_UDP) || frame->offload.gso_size == 0)
        return false;
    if (!(frame->offload.flags & IO_NEEDS_CHECKSUM) && !make_partial(frame, s->tcp))
        return false;
    s->data = frame->data;
    s->len = frame->len;
    s->transport = frame->offload.csum_start;
    s->gso_size = frame->offload.gso_size;
    if (s->transport + (s->tcp ? 20u : 8u) > s->len || !walk_ethernet(s, 0))
        return false;
    s->header_len = s->transport + (s->tcp ? 4u * (s->data[s->transport + 12] >> 4) : 8u);
    s->next = s->header_len;
    return s->header_len >= s->transport + (s->tcp ? 20u : 8u) && s->header_len < s->len;
}

uint32_t io_segment_size(const io_segmenter_t *s)
{
    uint32_t payload = s->len - s->header_len;
    return s->header_len + (payload < s->gso_size ? payload : s->gso_size);
}

static void fix_transport(const io_segmenter_t *s, uint8_t *out, uint32_t len, bool last)
{
    uint8_t *header = out + s->transport;
    uint32_t span = len - s->transport;
    uint8_t *field = header + (s->tcp ? 16 : 6);
    if (s->tcp) {
        put32(header + 4, get32(header + 4) + s->index * s->gso_size);
        if (s->index)
            header[13] &= (uint8_t)~TCP_CWR;
        if (!last)
            header[13] &= (uint8_t)~(TCP_FIN | TCP_PSH);
    } else {
        put16(header + 4, span);
    }
    /* The field holds the pseudo-header's sum with the whole super-packet's length: exchange the length. */
    uint32_t pseudo = (uint32_t)get16(field) + (uint16_t)~(s->len - s->transport) + span;
    put16(field, io_fold(pseudo));
    uint16_t check = (uint16_t)~io_fold(io_sum(header, span, 0));
    if (check == 0 && !s->tcp)
        check = 0xffff;
    memcpy(field, &check, 2);
}

static void fix_ipv4(const io_segmenter_t *s, uint8_t *header, uint32_t span)
{
    put16(header + 2, span);
    put16(header + 4, get16(header + 4) + s->index);
    memset(header + 10, 0, 2);
    uint16_t check = (uint16_t)~io_fold(io_sum(header, 4u * (header[0] & 15), 0));
    memcpy(header + 10, &check, 2);
}

/* The sum of the addresses of the IP header in front, `protocol` and the length. */
static uint64_t pseudo_sum(const uint8_t *ip, bool v6, uint8_t protocol, uint32_t span)
{
    uint64_t sum = v6 ? io_sum(ip + 8, 32, 0) : io_sum(ip + 12, 8, 0);
    return sum + htons(protocol) + htons((uint16_t)span);
}

static void fix_outer_udp(const io_segmenter_t *s, uint8_t *out, int which, uint32_t span)
{
    uint8_t *header = out + s->headers[which].offset;
    put16(header + 4, span);
    if (get16(header + 6) == 0 || which == 0)
        return;
    memset(header + 6, 0, 2);
    bool v6 = s->headers[which - 1].kind == IO_IPV6;
    uint64_t sum = pseudo_sum(out + s->headers[which - 1].offset, v6, PROTO_UDP, span);
    uint16_t check = (uint16_t)~io_fold(io_sum(header, span, sum));
    if (check == 0)
        check = 0xffff;
    memcpy(header + 6, &check, 2);
}

static void fix_gre(uint8_t *header, uint32_t span)
{
    if (!(get16(header) & GRE_CHECKSUM))
        return;
    memset(header + 4, 0, 2);
    uint16_t check = (uint16_t)~io_fold(io_sum(header, span, 0));
    memcpy(header + 4, &check, 2);
}

uint32_t io_segment_next(io_segmenter_t *s, uint8_t *out)
{
    if (s->next >= s->len)
        return 0;
    uint32_t payload = s->len - s->next < s->gso_size ? s->len - s->next : s->gso_size;
    uint32_t len = s->header_len + payload;
    memcpy(out, s->data, s->header_len);
    memcpy(out + s->header_len, s->data + s->next, payload);
    fix_transport(s, out, len, s->next + payload == s->len);
    for (int i = s->header_count - 1; i >= 0; i--) { /* inner first: outer checksums cover inner ones */
        uint32_t span = len - s->headers[i].offset;
        uint8_t *header = out + s->headers[i].offset;
        switch (s->headers[i].kind) {
        case IO_IPV4:
            fix_ipv4(s, header, span);
            break;
        case IO_IPV6:
            put16(header + 4, span - 40);
            break;
        case IO_OUTER_UDP:
            fix_outer_udp(s, out, i, span);
            break;
        case IO_GRE:
            fix_gre(header, span);
            break;
        }
    }
    s->next += payload;
    s->index++;
    return len;
}
