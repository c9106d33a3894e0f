"""Expressions against Python's unbounded integers: what is stored is the value modulo 2^width."""

from __future__ import annotations

import random

import pytest

from switch.engine import Engine

from .json_builder import Builder, call, egress_to, expr, extract, f, n, op

IN = {"a": 8, "b": 16, "c": 32, "d": 48, "e": 64, "g": 7, "i": 1, "j": 128, "k": 200, "l": 65, "m": 9, "z": 6}
OUT = {"o8": 8, "o16": 16, "o13": 13, "o32": 32, "o64": 64, "o100": 100, "o128": 128, "o300": 300, "o3": 3}


def evaluate(tree: dict, values: dict[str, int]) -> int:
    """What BMv2 would compute."""
    kind, value = tree["type"], tree["value"]
    if kind == "hexstr":
        return int(value, 16)
    if kind == "bool":
        return int(value)
    if kind == "field":
        return values[value[1]]
    operation = value["op"]
    if operation == "?":
        return evaluate(value["left" if evaluate(value["cond"], values) else "right"], values)
    right = evaluate(value["right"], values)
    if value["left"] is None:
        return {"~": ~right, "not": int(not right), "d2b": int(right != 0), "b2d": right, "-": -right}[operation]
    left = evaluate(value["left"], values)
    return BINARY[operation](left, right)


def two_comp(x: int, width: int) -> int:
    """Two's complement of that width."""
    x &= (1 << width) - 1
    return x - (1 << width) if x >> (width - 1) else x


BINARY = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "&": lambda a, b: a & b,
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
    "<<": lambda a, b: a << b,
    ">>": lambda a, b: a >> b,
    "/": lambda a, b: a // b if b else 0,
    "%": lambda a, b: a % b if b else 0,
    "==": lambda a, b: int(a == b),
    "!=": lambda a, b: int(a != b),
    "<": lambda a, b: int(a < b),
    "<=": lambda a, b: int(a <= b),
    ">": lambda a, b: int(a > b),
    ">=": lambda a, b: int(a >= b),
    "and": lambda a, b: int(a and b),
    "or": lambda a, b: int(a or b),
    "two_comp_mod": two_comp,
    "usat_cast": lambda a, w: max(0, min(a, (1 << w) - 1)),
    "sat_cast": lambda a, w: max(-(1 << w - 1), min(a, (1 << w - 1) - 1)),
}


class Trees:
    """Random expressions."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def data(self, depth: int) -> dict:
        """A number."""
        rng = self.rng
        if depth == 0 or rng.random() < 0.15:
            if rng.random() < 0.7:
                return f(f"x.{rng.choice(list(IN))}")
            return n(
                rng.choice(
                    [0, 1, 255, 256, -1, -129, 1 << 63, (1 << 64) - 1, rng.getrandbits(20), rng.getrandbits(140)]
                )
            )
        shape = rng.random()
        if shape < 0.55:
            return op(rng.choice(["+", "-", "*", "&", "|", "^"]), self.data(depth - 1), self.data(depth - 1))
        if shape < 0.63:
            return op(
                rng.choice(["<<", ">>"]),
                self.data(depth - 1),
                f("x.z") if rng.random() < 0.5 else n(rng.randrange(200)),
            )
        if shape < 0.68:
            return op(rng.choice(["/", "%"]), f(f"x.{rng.choice(list(IN))}"), f(f"x.{rng.choice(list(IN))}"))
        if shape < 0.78:
            cast = rng.choice(["two_comp_mod", "usat_cast", "sat_cast"])
            return op(cast, self.data(depth - 1), n(rng.choice([2, 8, 13, 32, 63, 64, 65, 128, 150])))
        if shape < 0.85:
            return op("~", self.data(depth - 1))
        if shape < 0.93:
            return op("?", self.data(depth - 1), self.data(depth - 1), cond=self.truth(depth - 1))
        return op("b2d", self.truth(depth - 1))

    def truth(self, depth: int) -> dict:
        """A boolean."""
        rng = self.rng
        if depth <= 0 or rng.random() < 0.6:
            return op(
                rng.choice(["==", "!=", "<", "<=", ">", ">="]),
                self.data(max(depth - 1, 0)),
                self.data(max(depth - 1, 0)),
            )
        if rng.random() < 0.3:
            return op("not", self.truth(depth - 1))
        if rng.random() < 0.3:
            return op("d2b", self.data(depth - 1))
        return op(rng.choice(["and", "or"]), self.truth(depth - 1), self.truth(depth - 1))


def program(trees: list[tuple[str, dict]]) -> str:
    """Reads the inputs from the packet, computes each tree into an output header."""
    b = Builder()
    b.header_type("in_t", **IN)
    b.header("x", "in_t")
    for index, (name, _) in enumerate(trees):
        width = OUT[name]
        pad = -width % 8
        fields = {"v": width, **({"pad": pad} if pad else {})}
        b.header_type(f"out{index}_t", **fields)
        b.header(f"y{index}", f"out{index}_t")
    b.state("start", [extract("x")], default=None)
    steps = [egress_to(1)]
    for index, (_, tree) in enumerate(trees):
        steps += [
            call("add_header", {"type": "header", "value": f"y{index}"}),
            call("assign", f(f"y{index}.v"), expr(tree)),
        ]
    b.run("ingress", "compute", *steps)
    return b.text()


def pack(values: dict[str, int], widths: dict[str, int]) -> bytes:
    """Fields to bytes."""
    total = 0
    for name, width in widths.items():
        total = total << width | values[name]
    return total.to_bytes(sum(widths.values()) // 8)


@pytest.mark.parametrize("seed", range(4))
def test_expressions_give_what_unbounded_integers_give(seed: int) -> None:
    rng, trees = random.Random(seed), Trees(seed)
    chosen = [(rng.choice(list(OUT)), trees.data(rng.randrange(1, 5))) for _ in range(60)]
    with Engine(program(chosen)) as engine:
        for _ in range(40):
            edge = rng.random() < 0.3
            values = {k: rng.choice([0, 1, (1 << w) - 1]) if edge else rng.getrandbits(w) for k, w in IN.items()}
            data = pack(values, IN)
            ((_, out),) = engine.process(0, data)
            offset = len(data)
            for name, tree in chosen:
                size = (OUT[name] + 7) // 8
                got = int.from_bytes(out[offset : offset + size]) >> (size * 8 - OUT[name])
                assert got == evaluate(tree, values) & ((1 << OUT[name]) - 1), (tree, values)
                offset += size


def test_saturating_and_signed_fields_keep_their_limits() -> None:
    b = Builder()
    b.header_type("in_t", a=[8, True, False], u=[8, False, True], s=[8, True, True], r=8)
    b.header("x", "in_t")
    b.state("start", [extract("x")], default=None)
    less = op("<", f("x.a"), n(0))
    b.run(
        "ingress",
        "go",
        egress_to(1),
        call("assign", f("x.r"), expr(op("b2d", less))),
        call("assign", f("x.u"), expr(op("+", f("x.u"), n(200)))),
        call("assign", f("x.s"), expr(op("-", f("x.s"), n(100)))),
    )
    with Engine(b.text()) as engine:
        ((_, out),) = engine.process(0, bytes([0xFE, 100, 0x9C, 0]))
    assert out == bytes([0xFE, 255, 0x80, 1])
