/* Two-rate three-colour meters (RFC 2698, colour-blind). */
#ifndef P4E_METER_H
#define P4E_METER_H

#include <stdatomic.h>
#include <stdint.h>

enum { P4E_GREEN, P4E_YELLOW, P4E_RED };

/* Rates per second and bursts, in packets or bytes. Immutable. */
typedef struct p4e_rates {
    uint64_t cir, cburst, pir, pburst;
} p4e_rates_t;

typedef struct p4e_meter {
    _Atomic(const p4e_rates_t *) rates; /* NULL: everything is green */
    const p4e_rates_t *filled;          /* the rates whose buckets are below */
    uint64_t committed, peak;           /* tokens, in millionths */
    uint64_t last;                      /* microseconds */
} p4e_meter_t;

#define P4E_TOKEN UINT64_C(1000000)

static inline uint64_t p4e_meter_fill(uint64_t tokens, uint64_t rate, uint64_t burst, uint64_t elapsed) {
    unsigned __int128 filled = (unsigned __int128)rate * elapsed + tokens;
    unsigned __int128 limit = (unsigned __int128)burst * P4E_TOKEN;
    if (limit > UINT64_MAX)
        limit = UINT64_MAX;
    return (uint64_t)(filled < limit ? filled : limit);
}

/* The colour of a packet that needs `amount` tokens at `now` (microseconds). */
static inline uint32_t p4e_meter_run(p4e_meter_t *meter, uint64_t amount, uint64_t now) {
    const p4e_rates_t *rates = atomic_load_explicit(&meter->rates, memory_order_acquire);
    if (!rates)
        return P4E_GREEN;
    uint64_t elapsed = now - meter->last;
    if (meter->filled != rates) {
        meter->filled = rates;
        meter->committed = meter->peak = 0;
        elapsed = UINT64_MAX / 2;
        meter->committed = p4e_meter_fill(0, UINT64_MAX, rates->cburst, elapsed);
        meter->peak = p4e_meter_fill(0, UINT64_MAX, rates->pburst, elapsed);
    } else {
        meter->committed = p4e_meter_fill(meter->committed, rates->cir, rates->cburst, elapsed);
        meter->peak = p4e_meter_fill(meter->peak, rates->pir, rates->pburst, elapsed);
    }
    meter->last = now;
    uint64_t needed = amount * P4E_TOKEN;
    if (meter->peak < needed)
        return P4E_RED;
    meter->peak -= needed;
    if (meter->committed < needed)
        return P4E_YELLOW;
    meter->committed -= needed;
    return P4E_GREEN;
}

#endif
