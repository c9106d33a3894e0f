#include "io_frame.h"

#include <arpa/inet.h>
#include <string.h>

#define SCTP_CHECKSUM_OFFSET 8 /* TCP's is 16, UDP's 6 */
#define UDP_CHECKSUM_OFFSET 6

uint64_t io_sum(const uint8_t *data, uint32_t len, uint64_t sum)
{
    uint32_t word = 0;
    uint16_t half = 0;
    for (; len >= 4; data += 4, len -= 4) {
        memcpy(&word, data, 4);
        sum += word;
    }
    if (len >= 2) {
        memcpy(&half, data, 2);
        sum += half;
        data += 2;
        len -= 2;
    }
    if (len) {
        half = 0;
        memcpy(&half, data, 1);
        sum += half;
    }
    return sum;
}

uint16_t io_fold(uint64_t sum)
{
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

uint32_t io_crc32c(const uint8_t *data, uint32_t len)
{
    uint32_t crc = 0xffffffff;
    for (uint32_t i = 0; i < len; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (0x82f63b78 & -(crc & 1));
    }
    return ~crc;
}

static void complete_sctp(uint8_t *header, uint32_t len)
{
    memset(header + SCTP_CHECKSUM_OFFSET, 0, 4);
    uint32_t crc = io_crc32c(header, len);
    for (int i = 0; i < 4; i++)
        header[SCTP_CHECKSUM_OFFSET + i] = (uint8_t)(crc >> (8 * i));
}

bool io_complete_checksum(io_frame_t *frame)
{
    io_offload_t *offload = &frame->offload;
    if (!(offload->flags & IO_NEEDS_CHECKSUM))
        return true;
    uint32_t start = offload->csum_start;
    uint32_t width = offload->csum_offset == SCTP_CHECKSUM_OFFSET ? 4 : 2;
    if (start + offload->csum_offset + width > frame->len)
        return false;
    uint8_t *header = frame->data + start;
    uint32_t len = frame->len - start;
    if (offload->csum_offset == SCTP_CHECKSUM_OFFSET) {
        complete_sctp(header, len);
    } else {
        /* The field holds the pseudo-header's sum, so that summing everything gives the answer. */
        uint16_t check = (uint16_t)~io_fold(io_sum(header, len, 0));
        if (check == 0 && offload->csum_offset == UDP_CHECKSUM_OFFSET)
            check = 0xffff;
        memcpy(header + offload->csum_offset, &check, 2);
    }
    offload->flags &= (uint8_t)~IO_NEEDS_CHECKSUM;
    return true;
}

bool io_insert_vlan(io_frame_t *frame, uint16_t tpid, uint16_t tci)
{
    if (frame->len < 14)
        return false;
    frame->data -= 4;
    frame->len += 4;
    memmove(frame->data, frame->data + 4, 12);
    uint16_t tag[2] = {htons(tpid), htons(tci)};
    memcpy(frame->data + 12, tag, 4);
    frame->offload.csum_start = (uint16_t)(frame->offload.csum_start + 4);
    return true;
}
