/* Hashes and checksums over bytes; `random` and `round_robin` keep their state in the caller's word. */
#ifndef P4E_ALGORITHMS_H
#define P4E_ALGORITHMS_H

#include <stdint.h>

/* A 16-bit one's complement sum of big-endian words, folded; `sum` may be any number of added words. */
static inline uint16_t p4_fold16(uint64_t sum) {
    sum = (sum & UINT32_MAX) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

static inline uint64_t p4_random(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

uint64_t p4_sum16(const uint8_t *p, uint64_t len); /* not inverted, folded */
uint64_t p4_csum16(const uint8_t *p, uint64_t len);
uint64_t p4_crc8(const uint8_t *p, uint64_t len);
uint64_t p4_crc16(const uint8_t *p, uint64_t len);
uint64_t p4_crcCCITT(const uint8_t *p, uint64_t len);
uint64_t p4_crc32(const uint8_t *p, uint64_t len);
uint64_t p4_crc64(const uint8_t *p, uint64_t len);
uint64_t p4_xor16(const uint8_t *p, uint64_t len);
uint64_t p4_xor32(const uint8_t *p, uint64_t len);
uint64_t p4_identity(const uint8_t *p, uint64_t len);
uint64_t p4_xxh64(const uint8_t *p, uint64_t len);
uint64_t p4_hash_ex(const uint8_t *p, uint64_t len);

#endif
