"""Nobody can tell a reference from a copy: random programs mean the same when every argument is copied."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from switch.p4c.midend import arguments
from switch.p4c.midend.arguments import Passed
from tests.p4c.ir_machine import Machine
from tests.p4c.lowered import lowered, source

FIELDS = ("hdr.h.a", "hdr.h.b", "hdr.h.c", "hdr.h.d", "meta.m", "meta.p.x", "meta.p.y", "meta.q.x")


class Writer:
    """Writes a random program: functions, actions and controls that call those before them."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.functions: list[tuple[str, list[tuple[str, str]]]] = []
        self.actions: list[tuple[str, list[tuple[str, str]]]] = []
        self.controls: list[tuple[str, list[tuple[str, str]]]] = []

    def value(self, names: Sequence[str], depth: int = 2) -> str:
        """An expression over these places."""
        kind = self.random.randrange(6 if depth else 2)
        if kind == 0:
            return str(self.random.randrange(5)) + " + " + self.random.choice(names)
        if kind in (1, 2):
            return self.random.choice(names)
        fitting = [f for f in self.functions if self.fits(f, names)]
        if kind == 3 and fitting:
            return self.call(self.random.choice(fitting), names, depth - 1)
        if kind == 4:
            return f"({self.value(names, depth - 1)} < 3 ? {self.value(names, 0)} : {self.value(names, depth - 1)})"
        return f"({self.value(names, depth - 1)}) - ({self.value(names, depth - 1)})"

    def call(self, callee: tuple[str, list[tuple[str, str]]], names: Sequence[str], depth: int = 1) -> str:
        """A call whose arguments may well overlap."""
        args: list[str] = []
        for direction, kind in callee[1]:
            if kind == "h_t":
                args.append(self.random.choice(["hdr.h", "hdr.g"]) if "hdr.h.a" in names else "w")
            elif kind == "inner_t":
                args.append(self.random.choice(["meta.p", "meta.q"]) if "hdr.h.a" in names else "v")
            else:
                args.append(self.value(names, depth) if direction == "in" else self.random.choice(names))
        return f"{callee[0]}({', '.join(args)})"

    def fits(self, callee: tuple[str, list[tuple[str, str]]], names: Sequence[str]) -> bool:
        """Whether the places have what the callee's parameters need."""
        whole = {"h_t": "w.a", "inner_t": "v.x"}
        return "hdr.h.a" in names or all(whole.get(kind, names[0]) in names for _, kind in callee[1])

    def statements(self, names: Sequence[str], count: int, *, final: bool = False) -> str:
        """Some statements; `final` ones may return early."""
        lines: list[str] = []
        for _ in range(count):
            kind = self.random.randrange(8)
            if kind == 0:
                lines.append(f"if ({self.value(names)} > 2) {{ {self.statements(names, 1)} }}")
            elif kind == 1 and self.actions and "hdr.h.a" in names and final:
                lines.append(self.call(self.random.choice(self.actions), names) + ";")
            elif kind == 2 and self.controls and final:
                name, params = self.random.choice(self.controls)
                lines.append(self.call((f"{name.lower()}.apply", params), names) + ";")
            else:
                lines.append(f"{self.random.choice(names)} = {self.value(names)};")
        return " ".join(lines)

    def params(self) -> list[tuple[str, str]]:
        """Directions and types of parameters; the names are p0, p1, and w or v for wholes."""
        directions = ["in", "inout", "out", "inout"]
        wanted = [(self.random.choice(directions), "bit<8>") for _ in range(self.random.randint(1, 3))]
        if self.random.random() < 0.4:
            wanted.append(("inout", "h_t"))
        if self.random.random() < 0.3:
            wanted.append(("inout", "inner_t"))
        self.random.shuffle(wanted)
        return wanted

    def header(self, params: list[tuple[str, str]]) -> tuple[str, list[str], str]:
        """The text of parameters, the places that a body may use, and what it must set first."""
        whole = {"h_t": "w", "inner_t": "v"}
        texts, names, first = [], [], ""
        for number, (direction, kind) in enumerate(params):
            name = whole.get(kind, f"p{number}")
            texts.append(f"{direction} {kind} {name}")
            names += {"h_t": ["w.a", "w.c"], "inner_t": ["v.x", "v.y"]}.get(kind, [name])
            first += f"{name} = {number + 3}; " if direction == "out" else ""
        return ", ".join(texts), names, first

    def program(self) -> str:
        """The whole program."""
        top, local = "", ""
        for number in range(3):
            params = self.params()
            text, names, first = self.header(params)
            body = self.statements([f"l{number}", *self.writable(params, names)], 2)
            locals_ = f"bit<8> l{number} = {number}; "
            result = self.value([f"l{number}", *self.writable(params, names)], 1)
            top += f"bit<8> f{number}({text}) {{ {locals_}{first}{body} return {result}; }}\n"
            self.functions.append((f"f{number}", params))
        for number in range(2):
            params = self.params()
            text, names, first = self.header(params)
            body = self.statements([*self.writable(params, names)], 2) if self.writable(params, names) else ""
            top += f"control C{number}({text}) {{ apply {{ {first}{body} }} }}\n"
            self.controls.append((f"C{number}", params))
            local += f"C{number}() c{number}; "
        for number in range(2):
            params = [p for p in self.params() if p[1] == "bit<8>"] or [("in", "bit<8>")]
            text, names, first = self.header(params)
            body = self.statements([*self.writable(params, names), *FIELDS], 3)
            local += f"action a{number}({text}) {{ {first}{body} }} "
            self.actions.append((f"a{number}", params))
        return source(self.statements(FIELDS, 6, final=True), local, top)

    def writable(self, params: list[tuple[str, str]], names: list[str]) -> list[str]:
        """The places that are not in parameters (a body that has none uses a local variable)."""
        fixed = {f"p{number}" for number, (direction, _) in enumerate(params) if direction == "in"}
        return [name for name in names if name not in fixed]


def outcome(text: str, folder: Path) -> dict[tuple[str, str], int]:
    """The fields of headers and user metadata after ingress."""
    program = lowered(text, folder)
    assert program.ingress is not None
    machine = Machine(program, valid={"h", "g"})
    for number, name in enumerate("abcd"):
        machine.fields["h", name] = number + 1
        machine.fields["g", name] = 10 * number
    machine.run(program.ingress.body)
    return {
        (header, name): value
        for (header, name), value in machine.fields.items()
        if header in ("h", "g") or name.startswith("metadata")
    }


def copy_everything(body: object, callee: object, passed: list[Passed], usage: object, extra: object) -> None:
    """What the specification says, word by word."""
    for one in passed:
        one.copied = arguments.is_data(one)


@pytest.mark.parametrize("seed", [*range(10), 220, 264])
def test_references_and_copies_mean_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int):
    text = Writer(seed).program()
    optimised = outcome(text, tmp_path)
    monkeypatch.setattr(arguments, "choose_copies", copy_everything)
    by_the_book = outcome(text, tmp_path)
    assert {k: v for k, v in optimised.items() if v} == {k: v for k, v in by_the_book.items() if v}
