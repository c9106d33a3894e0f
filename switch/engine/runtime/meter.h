/* Three-colour meters, colour-blind: two rates (RFC 2698), or one rate with an excess burst (RFC 2697). */
#ifndef P4E_METER_H
#define P4E_METER_H

#include <stdatomic.h>
#include <stdint.h>

enum { P4E_GREEN, P4E_YELLOW, P4E_RED };

/* Rates per second and bursts, in packets or bytes. With an excess burst there is one rate, and no peak. Immutable. */
typedef struct p4e_rates {
    uint64_t cir, cburst, pir, pburst, eburst;
    uint64_t version; /* differs from that of any rates the meter had before */
} p4e_rates_t;

typedef struct p4e_meter {
    _Atomic(const p4e_rates_t *) rates; /* NULL: everything is green */
    uint64_t versions;                  /* given out; for writers */
    uint64_t filled;                    /* version of the rates whose buckets are below */
    uint64_t committed, peak;           /* tokens, in millionths; those of the excess burst lie in `peak` */
    uint64_t last;                      /* microseconds */
    _Atomic uint64_t packets[3], bytes[3]; /* by colour */
} p4e_meter_t;

#define P4E_TOKEN UINT64_C(1000000)

static inline uint64_t p4e_meter_fill(uint64_t tokens, uint64_t rate, uint64_t burst, uint64_t elapsed) {
    unsigned __int128 filled = (unsigned __int128)rate * elapsed + tokens;
    unsigned __int128 limit = (unsigned __int128)burst * P4E_TOKEN;
    if (limit > UINT64_MAX)
        limit = UINT64_MAX;
    return (uint64_t)(filled < limit ? filled : limit);
}

/* One rate: what the committed bucket has no room for goes to the other. */
static inline uint32_t p4e_meter_run_single(p4e_meter_t *meter, const p4e_rates_t *rates, uint64_t needed,
                                            uint64_t elapsed) {
    uint64_t before = meter->committed;
    meter->committed = p4e_meter_fill(before, rates->cir, rates->cburst, elapsed);
    unsigned __int128 whole = (unsigned __int128)rates->cir * elapsed;
    unsigned __int128 spilt = whole > meter->committed - before ? whole - (meter->committed - before) : 0;
    uint64_t extra = spilt < UINT64_MAX ? (uint64_t)spilt : UINT64_MAX;
    meter->peak = p4e_meter_fill(meter->peak, extra, rates->eburst, 1);
    if (meter->committed >= needed) {
        meter->committed -= needed;
        return P4E_GREEN;
    }
    if (meter->peak < needed)
        return P4E_RED;
    meter->peak -= needed;
    return P4E_YELLOW;
}

/* The colour of a packet that needs `amount` tokens at `now` (microseconds). */
static inline uint32_t p4e_meter_colour(p4e_meter_t *meter, uint64_t amount, uint64_t now) {
    const p4e_rates_t *rates = atomic_load_explicit(&meter->rates, memory_order_acquire);
    if (!rates)
        return P4E_GREEN;
    uint64_t elapsed = now - meter->last;
    if (meter->filled != rates->version) {
        meter->filled = rates->version;
        meter->committed = meter->peak = 0;
        elapsed = UINT64_MAX / 2;
        meter->committed = p4e_meter_fill(0, UINT64_MAX, rates->cburst, elapsed);
        meter->peak = p4e_meter_fill(0, UINT64_MAX, rates->eburst ? rates->eburst : rates->pburst, elapsed);
        elapsed = 0;
    } else if (!rates->eburst) {
        meter->committed = p4e_meter_fill(meter->committed, rates->cir, rates->cburst, elapsed);
        meter->peak = p4e_meter_fill(meter->peak, rates->pir, rates->pburst, elapsed);
    }
    meter->last = now;
    uint64_t needed = amount * P4E_TOKEN;
    if (rates->eburst)
        return p4e_meter_run_single(meter, rates, needed, elapsed);
    if (meter->peak < needed)
        return P4E_RED;
    meter->peak -= needed;
    if (meter->committed < needed)
        return P4E_YELLOW;
    meter->committed -= needed;
    return P4E_GREEN;
}

/* The same, counted. Only the packet thread raises the counts. */
static inline uint32_t p4e_meter_run(p4e_meter_t *meter, uint64_t amount, uint64_t bytes, uint64_t now) {
    uint32_t colour = p4e_meter_colour(meter, amount, now);
    _Atomic uint64_t *packets = &meter->packets[colour], *octets = &meter->bytes[colour];
    atomic_store_explicit(packets, atomic_load_explicit(packets, memory_order_relaxed) + 1, memory_order_relaxed);
    atomic_store_explicit(octets, atomic_load_explicit(octets, memory_order_relaxed) + bytes, memory_order_relaxed);
    return colour;
}

#endif
