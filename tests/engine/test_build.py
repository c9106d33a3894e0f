"""Building: malformed and hostile JSON, and what is made of it."""

from __future__ import annotations

import json

import pytest

from switch.engine import BadConfig, Engine
from switch.engine.codegen import generate
from switch.engine.program import read_program

from .json_builder import Builder, call, egress_to, f, n
from .programs import router


def bad(change, path: str) -> None:
    """Asserts that the changed router is refused at that path."""
    root = json.loads(router().text())
    change(root)
    with pytest.raises(BadConfig) as caught:
        read_program(json.dumps(root))
    assert caught.value.path == path


def test_what_is_malformed_is_named_by_its_path() -> None:
    bad(lambda r: r["actions"][1]["primitives"][0].pop("op"), "$.actions[1].primitives[0]")
    bad(lambda r: r["actions"][1]["primitives"][0].update(op="explode"), "$.actions[1].primitives[0].op")
    bad(lambda r: r["headers"][1].update(header_type="nothing"), "$.headers[1].header_type")
    bad(lambda r: r["header_types"][1]["fields"].append(["x", -1]), "$.header_types[1].fields[3][1]")
    bad(lambda r: r["parsers"][0].update(init_state="nowhere"), "$.parsers[0].init_state")
    bad(
        lambda r: r["pipelines"][0]["tables"][0]["key"][0].update(match_type="psychic"),
        "$.pipelines[0].tables[0].key[0].match_type",
    )
    bad(lambda r: r["pipelines"][0].update(init_table="gone"), "$.pipelines[0].init_table")


def test_what_is_no_json_is_refused() -> None:
    for text in ("", "[]", "{", "null", "[" * 100_000):
        with pytest.raises(BadConfig):
            read_program(text)


def test_what_is_no_program_says_what_is_missing() -> None:
    with pytest.raises(BadConfig, match=r"\$: no program: lacks 'header_types', 'headers', .* 'pipelines'"):
        read_program("{}")
    bad(lambda r: r.pop("parsers"), "$")
    bad(lambda r: r["pipelines"].pop(), "$.pipelines")
    bad(lambda r: r["deparsers"].clear(), "$.deparsers")


def test_hostile_names_never_reach_the_compiler() -> None:
    evil = '*/ #error "x" \n#include "/etc/passwd"\n}; int system(); /*\\'
    b = Builder()
    b.header_type(evil, **{evil: 8})
    b.header(evil + "h", evil)
    b.state(evil, [{"op": "extract", "parameters": [{"type": "regular", "value": evil + "h"}]}], default=None)
    b.root["parsers"][0]["init_state"] = evil
    b.run(
        "ingress",
        evil,
        egress_to(1),
        {
            "op": "log_msg",
            "parameters": [{"type": "string", "value": evil}, {"type": "parameters_vector", "value": []}],
        },
    )
    assert "passwd" not in generate(read_program(b.text())).text.replace("_etc_passwd", "")
    assert "#error" not in generate(read_program(b.text())).text
    with Engine(b.text()) as engine:
        assert engine.process(0, b"\5") == [(1, b"\5")]


def test_a_primitive_may_jump_back_and_forth() -> None:
    b = Builder()
    b.header_type("h_t", a=8, b=8)
    b.header("h", "h_t")
    b.state("start", [{"op": "extract", "parameters": [{"type": "regular", "value": "h"}]}], default=None)
    b.run(
        "ingress",
        "go",
        egress_to(1),
        call("_jump_if_zero", f("h.a"), n(5)),
        call("add_to_field", f("h.b"), n(2)),
        call("subtract_from_field", f("h.a"), n(1)),
        call("_jump", n(1)),
    )
    with Engine(b.text()) as engine:
        assert engine.process(0, b"\5\0") == [(1, b"\0\x0a")]
