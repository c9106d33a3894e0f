/* Reading and writing big-endian bit fields of packets. */
#ifndef P4E_BITS_H
#define P4E_BITS_H

#include <stdint.h>
#include <string.h>

/* Aligned to 8 so that native data needs no stronger alignment than its words. */
typedef unsigned __int128 p4_u128 __attribute__((aligned(8)));
typedef __int128 p4_i128 __attribute__((aligned(8)));

/* `bytes` (1..8, constant) big-endian bytes. */
static inline __attribute__((always_inline)) uint64_t p4_load(const uint8_t *p, unsigned bytes) {
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    switch (bytes) {
    case 1: return p[0];
    case 2: memcpy(&two, p, 2); return __builtin_bswap16(two);
    case 3: memcpy(&two, p, 2); return (uint64_t)__builtin_bswap16(two) << 8 | p[2];
    case 4: memcpy(&four, p, 4); return __builtin_bswap32(four);
    case 5: memcpy(&four, p, 4); return (uint64_t)__builtin_bswap32(four) << 8 | p[4];
    case 6: memcpy(&four, p, 4); memcpy(&two, p + 4, 2); return (uint64_t)__builtin_bswap32(four) << 16 | __builtin_bswap16(two);
    case 7: return p4_load(p, 4) << 24 | p4_load(p + 4, 3);
    default: memcpy(&eight, p, 8); return __builtin_bswap64(eight);
    }
}

/* Stores the low `bytes` (1..8, constant) of `value`. */
static inline __attribute__((always_inline)) void p4_store(uint8_t *p, unsigned bytes, uint64_t value) {
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    switch (bytes) {
    case 1: p[0] = (uint8_t)value; break;
    case 2: two = __builtin_bswap16((uint16_t)value); memcpy(p, &two, 2); break;
    case 3: p4_store(p, 2, value >> 8); p[2] = (uint8_t)value; break;
    case 4: four = __builtin_bswap32((uint32_t)value); memcpy(p, &four, 4); break;
    case 5: p4_store(p, 4, value >> 8); p[4] = (uint8_t)value; break;
    case 6: p4_store(p, 4, value >> 16); p4_store(p + 4, 2, value); break;
    case 7: p4_store(p, 4, value >> 24); p4_store(p + 4, 3, value); break;
    default: eight = __builtin_bswap64(value); memcpy(p, &eight, 8); break;
    }
}

static inline p4_u128 p4_load128(const uint8_t *p) {
    return (p4_u128)p4_load(p, 8) << 64 | p4_load(p + 8, 8);
}

static inline void p4_store128(uint8_t *p, p4_u128 value) {
    p4_store(p, 8, (uint64_t)(value >> 64));
    p4_store(p + 8, 8, (uint64_t)value);
}

/* Bits at any offset, into little-endian words; the words must hold `width` bits. */
static inline void p4_get_bits(const uint8_t *p, uint64_t offset, uint64_t width, uint64_t *words) {
    uint64_t count = (width + 63) / 64;
    memset(words, 0, count * sizeof *words);
    for (uint64_t done = 0; done < width;) {
        uint64_t end = offset + width - done; /* bits [.., end) are still to take, the lowest at end - 1 */
        uint64_t in_byte = (end - 1) % 8 + 1;
        uint64_t take = in_byte < width - done ? in_byte : width - done;
        uint64_t bits = (uint64_t)p[(end - 1) / 8] >> (8 - in_byte) & ((UINT64_C(1) << take) - 1);
        words[done / 64] |= bits << done % 64;
        if (done % 64 + take > 64)
            words[done / 64 + 1] |= bits >> (64 - done % 64);
        done += take;
    }
}

/* Writes `width` bits at any offset, leaving the bits around them. */
static inline void p4_put_bits(uint8_t *p, uint64_t offset, uint64_t width, const uint64_t *words) {
    for (uint64_t done = 0; done < width;) {
        uint64_t end = offset + width - done;
        uint64_t in_byte = (end - 1) % 8 + 1;
        uint64_t take = in_byte < width - done ? in_byte : width - done;
        uint64_t bits = words[done / 64] >> done % 64;
        if (done % 64 + take > 64)
            bits |= words[done / 64 + 1] << (64 - done % 64);
        uint8_t mask = (uint8_t)((((unsigned)1 << take) - 1) << (8 - in_byte));
        uint8_t *to = &p[(end - 1) / 8];
        *to = (uint8_t)((*to & ~mask) | ((uint8_t)(bits << (8 - in_byte)) & mask));
        done += take;
    }
}

static inline uint64_t p4_get64(const uint8_t *p, uint64_t offset, uint64_t width) {
    uint64_t word;
    p4_get_bits(p, offset, width, &word);
    return word;
}

static inline p4_u128 p4_get128(const uint8_t *p, uint64_t offset, uint64_t width) {
    uint64_t words[2] = {0, 0};
    p4_get_bits(p, offset, width, words);
    return (p4_u128)words[1] << 64 | words[0];
}

static inline void p4_put64(uint8_t *p, uint64_t offset, uint64_t width, uint64_t value) {
    p4_put_bits(p, offset, width, &value);
}

static inline void p4_put128(uint8_t *p, uint64_t offset, uint64_t width, p4_u128 value) {
    const uint64_t words[2] = {(uint64_t)value, (uint64_t)(value >> 64)};
    p4_put_bits(p, offset, width, words);
}

/* Copies whole bytes from or to any bit offset. */
static inline void p4_get_bytes(const uint8_t *p, uint64_t offset, uint64_t bytes, uint8_t *to) {
    for (uint64_t i = 0; i < bytes; i++)
        to[i] = (uint8_t)p4_get64(p, offset + 8 * i, 8);
}

static inline void p4_put_bytes(uint8_t *p, uint64_t offset, uint64_t bytes, const uint8_t *from) {
    for (uint64_t i = 0; i < bytes; i++)
        p4_put64(p, offset + 8 * i, 8, from[i]);
}

typedef uint64_t p4_chunk_t __attribute__((vector_size(32), aligned(8), may_alias));

/* memset for a few thousand bytes of a known number: the loop is quicker than what the library would choose. */
static inline __attribute__((always_inline)) void p4_zero(void *to, size_t bytes) {
    uint8_t *at = to;
    size_t whole = bytes / sizeof(p4_chunk_t);
    for (size_t i = 0; i < whole; i++, at += sizeof(p4_chunk_t)) {
        *(p4_chunk_t *)(void *)at = (p4_chunk_t){0};
        __asm__("" : : "r"(at) : "memory"); /* or the compiler makes a memset of the loop */
    }
    memset(at, 0, bytes % sizeof(p4_chunk_t));
}

#endif
