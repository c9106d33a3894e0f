/* What control calls answer. */
#ifndef P4E_STATUS_H
#define P4E_STATUS_H

enum {
    P4E_OK = 0,
    P4E_FULL = -1,
    P4E_DUPLICATE = -2,
    P4E_NOT_FOUND = -3,
    P4E_BAD_VALUE = -4,
    P4E_NO_MEMORY = -5,
    P4E_READ_ONLY = -6,
    P4E_IN_USE = -7,
};

#define P4E_API __attribute__((visibility("default")))
#define P4E_LIKELY(x) __builtin_expect(!!(x), 1)
#define P4E_UNLIKELY(x) __builtin_expect(!!(x), 0)

#endif
