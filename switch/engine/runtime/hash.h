/* Hashing of packed keys: one 64x64->128 multiplication per word, keyed with a secret. */
#ifndef P4E_HASH_H
#define P4E_HASH_H

#include <stdint.h>

static inline uint64_t p4e_fold(uint64_t a, uint64_t b) {
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t p4e_hash(const uint64_t *key, unsigned words, uint64_t seed) {
    uint64_t hash = seed;
    for (unsigned i = 0; i < words; i++)
        hash = p4e_fold(hash ^ key[i], 0x9e3779b97f4a7c15u + 2 * i);
    return p4e_fold(hash ^ 0xd6e8feb86659fd93u, seed | 1);
}

/* The hash of key & mask. */
static inline uint64_t p4e_hash_masked(const uint64_t *key, const uint64_t *mask, unsigned words, uint64_t seed) {
    uint64_t hash = seed;
    for (unsigned i = 0; i < words; i++)
        hash = p4e_fold(hash ^ (key[i] & mask[i]), 0x9e3779b97f4a7c15u + 2 * i);
    return p4e_fold(hash ^ 0xd6e8feb86659fd93u, seed | 1);
}

#endif
