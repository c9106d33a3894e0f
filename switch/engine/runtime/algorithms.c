/* See algorithms.h. CRC tables are constant expressions: no state, no initialisation. */
#include "algorithms.h"

#include <string.h>

#include "bits.h"

uint64_t p4_sum16(const uint8_t *p, uint64_t len) {
    uint64_t sum = 0;
    for (; len >= 8; p += 8, len -= 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        sum += (word & UINT32_MAX) + (word >> 32);
    }
    for (; len >= 2; p += 2, len -= 2) {
        uint16_t word;
        memcpy(&word, p, 2);
        sum += word;
    }
    if (len)
        sum += p[0];
    return __builtin_bswap16(p4_fold16(sum));
}

uint64_t p4_csum16(const uint8_t *p, uint64_t len) {
    return (uint16_t)~p4_sum16(p, len);
}

/* A reflected CRC, four bits at a time. */
static uint64_t crc_reflected(const uint8_t *p, uint64_t len, uint64_t crc, const uint64_t table[16]) {
    for (uint64_t i = 0; i < len; i++) {
        crc ^= p[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return crc;
}

#define CRC_BIT(poly, x) (((x) >> 1) ^ ((poly) & (0 - ((x) & 1))))
#define CRC_NIBBLE(poly, x) CRC_BIT(poly, CRC_BIT(poly, CRC_BIT(poly, CRC_BIT(poly, UINT64_C(x)))))
#define CRC_TABLE(poly)                                                                                                \
    {CRC_NIBBLE(poly, 0), CRC_NIBBLE(poly, 1), CRC_NIBBLE(poly, 2), CRC_NIBBLE(poly, 3), CRC_NIBBLE(poly, 4),          \
     CRC_NIBBLE(poly, 5), CRC_NIBBLE(poly, 6), CRC_NIBBLE(poly, 7), CRC_NIBBLE(poly, 8), CRC_NIBBLE(poly, 9),          \
     CRC_NIBBLE(poly, 10), CRC_NIBBLE(poly, 11), CRC_NIBBLE(poly, 12), CRC_NIBBLE(poly, 13), CRC_NIBBLE(poly, 14),     \
     CRC_NIBBLE(poly, 15)}

uint64_t p4_crc16(const uint8_t *p, uint64_t len) {
    static const uint64_t table[16] = CRC_TABLE(UINT64_C(0xa001));
    return crc_reflected(p, len, 0, table);
}

uint64_t p4_crc32(const uint8_t *p, uint64_t len) {
    static const uint64_t table[16] = CRC_TABLE(UINT64_C(0xedb88320));
    return crc_reflected(p, len, UINT32_MAX, table) ^ UINT32_MAX;
}

uint64_t p4_crc64(const uint8_t *p, uint64_t len) {
    static const uint64_t table[16] = CRC_TABLE(UINT64_C(0xd800000000000000));
    return crc_reflected(p, len, 0, table);
}

/* A CRC with the highest bit first. */
static uint64_t crc_plain(const uint8_t *p, uint64_t len, uint64_t crc, unsigned width, uint64_t poly) {
    for (uint64_t i = 0; i < len; i++) {
        crc ^= (uint64_t)p[i] << (width - 8);
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> (width - 1) & 1 ? crc << 1 ^ poly : crc << 1;
    }
    return crc & (UINT64_MAX >> (64 - width));
}

uint64_t p4_crc8(const uint8_t *p, uint64_t len) {
    return crc_plain(p, len, 0, 8, 0x07);
}

uint64_t p4_crcCCITT(const uint8_t *p, uint64_t len) {
    return crc_plain(p, len, 0xffff, 16, 0x1021);
}

static uint64_t xor_words(const uint8_t *p, uint64_t len, unsigned bytes) {
    uint64_t value = 0;
    for (uint64_t i = 0; i < len; i++)
        value ^= (uint64_t)p[i] << 8 * (bytes - 1 - i % bytes);
    return value;
}

uint64_t p4_xor16(const uint8_t *p, uint64_t len) {
    return xor_words(p, len, 2);
}

uint64_t p4_xor32(const uint8_t *p, uint64_t len) {
    return xor_words(p, len, 4);
}

uint64_t p4_identity(const uint8_t *p, uint64_t len) {
    uint64_t value = 0;
    for (uint64_t i = 0; i < len && i < 8; i++)
        value = value << 8 | p[i];
    return value;
}

uint64_t p4_hash_ex(const uint8_t *p, uint64_t len) {
    uint32_t hash = 2166136261u;
    for (uint64_t i = 0; i < len; i++)
        hash = (hash ^ (uint32_t)(int8_t)p[i]) * 16777619u;
    hash += hash << 13;
    hash ^= hash >> 7;
    hash += hash << 3;
    hash ^= hash >> 17;
    hash += hash << 5;
    return hash;
}

#define XXH_P1 UINT64_C(11400714785074694791)
#define XXH_P2 UINT64_C(14029467366897019727)
#define XXH_P3 UINT64_C(1609587929392839161)
#define XXH_P4 UINT64_C(9650029242287828579)
#define XXH_P5 UINT64_C(2870177450012600261)

static uint64_t xxh_rotate(uint64_t x, int by) {
    return x << by | x >> (64 - by);
}

static uint64_t xxh_round(uint64_t lane, uint64_t input) {
    return xxh_rotate(lane + input * XXH_P2, 31) * XXH_P1;
}

static uint64_t xxh_word(const uint8_t *p, unsigned bytes) {
    uint64_t word = 0;
    memcpy(&word, p, bytes);
    return word;
}

static uint64_t xxh_stripes(const uint8_t **p, uint64_t *left) {
    uint64_t lanes[4] = {XXH_P1 + XXH_P2, XXH_P2, 0, 0 - XXH_P1};
    for (; *left >= 32; *p += 32, *left -= 32)
        for (int i = 0; i < 4; i++)
            lanes[i] = xxh_round(lanes[i], xxh_word(*p + 8 * i, 8));
    uint64_t hash = xxh_rotate(lanes[0], 1) + xxh_rotate(lanes[1], 7) + xxh_rotate(lanes[2], 12) + xxh_rotate(lanes[3], 18);
    for (int i = 0; i < 4; i++)
        hash = (hash ^ xxh_round(0, lanes[i])) * XXH_P1 + XXH_P4;
    return hash;
}

/* XXH64 with seed 0. */
uint64_t p4_xxh64(const uint8_t *p, uint64_t len) {
    uint64_t left = len;
    uint64_t hash = (len >= 32 ? xxh_stripes(&p, &left) : XXH_P5) + len;
    for (; left >= 8; p += 8, left -= 8)
        hash = xxh_rotate(hash ^ xxh_round(0, xxh_word(p, 8)), 27) * XXH_P1 + XXH_P4;
    if (left >= 4) {
        hash = xxh_rotate(hash ^ xxh_word(p, 4) * XXH_P1, 23) * XXH_P2 + XXH_P3;
        p += 4;
        left -= 4;
    }
    for (; left > 0; p++, left--)
        hash = xxh_rotate(hash ^ *p * XXH_P5, 11) * XXH_P1;
    hash = (hash ^ hash >> 33) * XXH_P2;
    hash = (hash ^ hash >> 29) * XXH_P3;
    return hash ^ hash >> 32;
}
