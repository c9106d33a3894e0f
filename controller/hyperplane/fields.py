"""Arithmetic in small finite fields, as tables."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product


@dataclass(frozen=True)
class Field:
    """The field with `order` elements 0 .. order-1; 0 and 1 are what they are called."""

    order: int
    plus: tuple[tuple[int, ...], ...]
    times: tuple[tuple[int, ...], ...]

    def value(self, coefficients: tuple[int, ...], at: int) -> int:
        """A polynomial's value, the constant first."""
        found = 0
        for coefficient in reversed(coefficients):
            found = self.plus[self.times[found][at]][coefficient]
        return found


def prime_powers(number: int) -> list[tuple[int, int]]:
    """The prime factors with their exponents."""
    found, factor = [], 2
    while number > 1:
        exponent = 0
        while number % factor == 0:
            number, exponent = number // factor, exponent + 1
        if exponent:
            found.append((factor, exponent))
        factor += 1
    return found


def field(prime: int, exponent: int) -> Field:
    """The field with prime ** exponent elements; an element's digits in that base are a polynomial's coefficients."""
    order = prime**exponent
    digits = [tuple(n // prime**i % prime for i in range(exponent)) for n in range(order)]
    number = {d: n for n, d in enumerate(digits)}
    plus = tuple(
        tuple(number[tuple((x + y) % prime for x, y in zip(a, b, strict=True))] for b in digits) for a in digits
    )
    for tail in product(range(prime), repeat=exponent):
        times = tuple(tuple(number[_times(a, b, tail, prime)] for b in digits) for a in digits)
        if all(sorted(row) == list(range(order)) for row in times[1:]):
            return Field(order, plus, times)
    raise AssertionError("every prime power has a field")


def _times(a: tuple[int, ...], b: tuple[int, ...], tail: tuple[int, ...], prime: int) -> tuple[int, ...]:
    """The product modulo the polynomial x^n - tail."""
    size = len(a)
    long = [0] * (2 * size)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            long[i + j] = (long[i + j] + x * y) % prime
    for i in range(2 * size - 1, size - 1, -1):
        for j, t in enumerate(tail):
            long[i - size + j] = (long[i - size + j] + long[i] * t) % prime
    return tuple(long[:size])
