"""Programs that somebody spoiled: an error or a program, never a crash, a hang, a traceback or text in C."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from switch.engine import BadConfig, BuildOptions, Engine
from switch.engine.codegen import generate
from switch.engine.offload import obstacle
from switch.engine.program import read_program

from . import test_externs, test_life, test_parser
from .programs import router
from .spoil import mutated, spoiled
from .walker import Walker

EVERYTHING = Path(__file__).parents[1] / "p4runtime" / "data" / "everything.json"
PROGRAMS: dict[str, Callable[[], str]] = {
    "router": lambda: router().text(),
    "life": lambda: test_life.program().text(),
    "externs": lambda: test_externs.program().text(),
    "stack": lambda: test_parser.stack_program().text(),
    "everything": EVERYTHING.read_text,
}
EVIL = '*/ #error "{}"\n#include "/etc/passwd"\n}}; int system(); /*\\ %s\0'
# Names that simple_switch itself looks for, and words of the format.
FIXED = {"parser", "deparser", "ingress", "egress", "scalars", "standard_metadata", "__HIT__", "__MISS__"}
WORDS = ("type", "op", "match_type", "algo")  # members that hold words of the format
QUICK = BuildOptions(optimize=("-O1",))


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_spoiled_program_is_refused_by_name_or_generates_quickly(name: str) -> None:
    rng, root, slowest = random.Random(3), json.loads(PROGRAMS[name]()), 0.0
    refused = generated = 0
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        text = json.dumps(spoiled(root, rng))
        start = time.thread_time()
        try:
            program = read_program(text)
            generate(program)
            obstacle(program)
            generated += 1
        except BadConfig:
            refused += 1
        slowest = max(slowest, time.thread_time() - start)
    assert slowest < 2
    assert refused > 10
    assert generated > 5


def test_what_is_left_of_spoiled_programs_compiles_and_runs() -> None:
    rng, root, ran = random.Random(4), json.loads(router().text()), 0
    for _ in range(60):
        text = json.dumps(mutated(root, rng))
        try:
            with Engine(text, options=QUICK) as engine:
                walker = Walker(engine.program, text, rng)
                engine.process_batch([(1, walker.mutated(walker.packet(), ())) for _ in range(100)])
                ran += 1
        except BadConfig:
            continue
        if ran == 6:
            break
    assert ran == 6


def renamed(value: Any, names: dict[str, str]) -> Any:
    """The program with every known name replaced, wherever it stands."""
    if isinstance(value, dict):
        inner = {k: item if k in WORDS else renamed(item, names) for k, item in value.items()}
        if "next_tables" in inner:  # whose members are names of actions
            inner["next_tables"] = {names.get(k, k): item for k, item in inner["next_tables"].items()}
        return inner
    if isinstance(value, list):
        return [renamed(item, names) for item in value]
    return names.get(value, value) if isinstance(value, str) else value


def names_of(root: dict) -> dict[str, str]:
    """A hostile name for each name of the program."""
    kinds = ("header_types", "headers", "actions", "register_arrays", "counter_arrays", "meter_arrays", "learn_lists")
    found = [item["name"] for kind in kinds for item in root[kind] if "name" in item]
    found += [state["name"] for parser in root["parsers"] for state in parser["parse_states"]]
    found += [item["name"] for line in root["pipelines"] for kind in ("tables", "conditionals") for item in line[kind]]
    found += [param["name"] for action in root["actions"] for param in action["runtime_data"]]
    return {name: EVIL.format(index) for index, name in enumerate(dict.fromkeys(found)) if name not in FIXED}


@pytest.mark.parametrize("name", ["router", "life", "everything"])
def test_hostile_names_change_nothing_and_reach_no_c(name: str) -> None:
    root = json.loads(PROGRAMS[name]())
    names = names_of(root)
    hostile = json.dumps(renamed(root, names))
    assert len(names) > 5

    text = generate(read_program(hostile)).text

    assert "#error" not in text
    assert '#include "/' not in text
    assert " system(" not in text
    with Engine(json.dumps(root), options=QUICK) as plain, Engine(hostile, options=QUICK) as renamed_engine:
        walker = Walker(plain.program, json.dumps(root), random.Random(5))
        packets = [(index % 4, walker.packet()) for index in range(300)]
        assert renamed_engine.process_batch(packets) == plain.process_batch(packets)
