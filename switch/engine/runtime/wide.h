/* Arithmetic on integers of n 64-bit words, little-endian, two's complement, modulo 2^(64n). */
#ifndef P4E_WIDE_H
#define P4E_WIDE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "bits.h"

/* Widens (repeating the sign where `is_signed`) or cuts. */
static inline void wide_from(uint64_t *to, unsigned n, const uint64_t *from, unsigned m, bool is_signed) {
    uint64_t fill = is_signed && m && from[m - 1] >> 63 ? UINT64_MAX : 0;
    for (unsigned i = 0; i < n; i++)
        to[i] = i < m ? from[i] : fill;
}

static inline void wide_from64(uint64_t *to, unsigned n, uint64_t value, bool is_signed) {
    wide_from(to, n, &value, 1, is_signed);
}

static inline void wide_from128(uint64_t *to, unsigned n, p4_u128 value, bool is_signed) {
    const uint64_t words[2] = {(uint64_t)value, (uint64_t)(value >> 64)};
    wide_from(to, n, words, 2, is_signed);
}

static inline p4_u128 wide_to128(const uint64_t *from, unsigned n) {
    return (p4_u128)(n > 1 ? from[1] : 0) << 64 | from[0];
}

static inline void wide_add(uint64_t *to, const uint64_t *a, const uint64_t *b, unsigned n) {
    unsigned __int128 carry = 0;
    for (unsigned i = 0; i < n; i++) {
        carry += (unsigned __int128)a[i] + b[i];
        to[i] = (uint64_t)carry;
        carry >>= 64;
    }
}

static inline void wide_sub(uint64_t *to, const uint64_t *a, const uint64_t *b, unsigned n) {
    uint64_t borrow = 0;
    for (unsigned i = 0; i < n; i++) {
        unsigned __int128 rest = (unsigned __int128)a[i] - b[i] - borrow;
        to[i] = (uint64_t)rest;
        borrow = (uint64_t)(rest >> 64) & 1;
    }
}

/* `to` must not overlap the operands. */
static inline void wide_mul(uint64_t *to, const uint64_t *a, const uint64_t *b, unsigned n) {
    memset(to, 0, n * sizeof *to);
    for (unsigned i = 0; i < n; i++) {
        uint64_t carry = 0;
        for (unsigned j = 0; i + j < n; j++) {
            unsigned __int128 sum = (unsigned __int128)a[i] * b[j] + to[i + j] + carry;
            to[i + j] = (uint64_t)sum;
            carry = (uint64_t)(sum >> 64);
        }
    }
}

static inline void wide_and(uint64_t *to, const uint64_t *a, const uint64_t *b, unsigned n) {
    for (unsigned i = 0; i < n; i++)
        to[i] = a[i] & b[i];
}

static inline void wide_or(uint64_t *to, const uint64_t *a, const uint64_t *b, unsigned n) {
    for (unsigned i = 0; i < n; i++)
        to[i] = a[i] | b[i];
}

static inline void wide_xor(uint64_t *to, const uint64_t *a, const uint64_t *b, unsigned n) {
    for (unsigned i = 0; i < n; i++)
        to[i] = a[i] ^ b[i];
}

static inline void wide_not(uint64_t *to, const uint64_t *a, unsigned n) {
    for (unsigned i = 0; i < n; i++)
        to[i] = ~a[i];
}

/* `to` must not overlap `a` in both shifts. */
static inline void wide_shl(uint64_t *to, const uint64_t *a, uint64_t count, unsigned n) {
    uint64_t skip = count / 64, bits = count % 64;
    for (uint64_t i = 0; i < n; i++) {
        to[i] = i >= skip ? a[i - skip] << bits : 0;
        if (bits && i > skip)
            to[i] |= a[i - skip - 1] >> (64 - bits);
    }
}

static inline void wide_shr(uint64_t *to, const uint64_t *a, uint64_t count, unsigned n, bool is_signed) {
    uint64_t fill = is_signed && a[n - 1] >> 63 ? UINT64_MAX : 0;
    uint64_t skip = count / 64, bits = count % 64;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t low = skip < n - i ? a[i + skip] : fill;
        uint64_t high = skip < n - i && i + skip + 1 < n ? a[i + skip + 1] : fill;
        to[i] = bits ? low >> bits | high << (64 - bits) : low;
    }
}

/* -1, 0 or 1. */
static inline int wide_compare(const uint64_t *a, const uint64_t *b, unsigned n, bool is_signed) {
    if (is_signed && (a[n - 1] ^ b[n - 1]) >> 63)
        return a[n - 1] >> 63 ? -1 : 1;
    for (unsigned i = n; i-- > 0;)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    return 0;
}

static inline bool wide_is_zero(const uint64_t *a, unsigned n) {
    uint64_t any = 0;
    for (unsigned i = 0; i < n; i++)
        any |= a[i];
    return any == 0;
}

/* Keeps the low `bits`; repeats the highest of them where `is_signed`. */
static inline void wide_cut(uint64_t *a, unsigned n, uint64_t bits, bool is_signed) {
    if (bits >= 64 * (uint64_t)n)
        return;
    bool ones = is_signed && bits && a[(bits - 1) / 64] >> (bits - 1) % 64 & 1;
    for (uint64_t i = bits / 64; i < n; i++) {
        uint64_t keep = i == bits / 64 ? (UINT64_C(1) << bits % 64) - 1 : 0;
        a[i] = (a[i] & keep) | (ones ? ~keep : 0);
    }
}

/* Of non-negative numbers; division by zero gives zero, the rest too. n is at most 32 words here. */
static inline void wide_divide(uint64_t *quotient, uint64_t *rest, const uint64_t *a, const uint64_t *b, unsigned n) {
    memset(quotient, 0, n * sizeof *quotient);
    memset(rest, 0, n * sizeof *rest);
    if (wide_is_zero(b, n))
        return;
    for (uint64_t bit = 64 * (uint64_t)n; bit-- > 0;) {
        for (unsigned i = n; i-- > 1;)
            rest[i] = rest[i] << 1 | rest[i - 1] >> 63;
        rest[0] = rest[0] << 1 | (a[bit / 64] >> bit % 64 & 1);
        if (wide_compare(rest, b, n, false) >= 0) {
            wide_sub(rest, rest, b, n);
            quotient[bit / 64] |= UINT64_C(1) << bit % 64;
        }
    }
}

#endif
