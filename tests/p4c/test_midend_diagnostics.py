"""What the middle end reports, and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.p4c.lowered import lowered_with_messages, source

SUB = "control Sub(inout bit<8> x) { table t { key = { x: exact; } actions = { NoAction; } } apply { t.apply(); } }"


def reported(tmp_path: Path, apply: str = "", local: str = "", top: str = "") -> list[str]:
    """Severity and message of each diagnostic."""
    _, diagnostics = lowered_with_messages(source(apply, local, top), tmp_path)
    return [f"{d.severity}: {d.message}" for d in diagnostics.items if d.severity != "warning" or d.kind == "loop"]


def test_a_loop_in_apply_is_compiled_with_a_warning_about_upstream(tmp_path: Path):
    found = reported(tmp_path, "for (bit<8> i = 0; i < 3; i = i + 1) { hdr.h.a = i; }")
    assert [message.split(":")[0] for message in found] == ["warning"]
    assert "upstream p4c" in found[0]


def test_a_loop_in_an_action_needs_no_warning(tmp_path: Path):
    local = "action a() { for (bit<8> i = 0; i < 3; i = i + 1) { hdr.h.a = i; } }"
    assert reported(tmp_path, "a();", local) == []


def test_one_control_plane_name_for_two_tables_is_refused(tmp_path: Path):
    local = '@name("t") Sub() one; @name("t") Sub() two;'
    assert "error: two tables have the control-plane name I.t.t" in reported(
        tmp_path, "one.apply(hdr.h.a); two.apply(hdr.h.b);", local, SUB
    )


def test_one_control_plane_name_for_two_registers_is_refused(tmp_path: Path):
    local = '@name(".r") register<bit<8>>(1) one; @name(".r") register<bit<8>>(1) two;'
    assert reported(tmp_path, "one.write(0, 1); two.write(0, 1);", local) == [
        "error: two register instances have the control-plane name r"
    ]


@pytest.mark.parametrize(
    ("apply", "local", "message"),
    [
        ("", "register<bool>(4) r;", "a register of bool is not supported by BMv2; registers hold bit or int"),
        ("foo(hdr.h.a);", "", "the extern function foo is not supported by BMv2's v1model"),
    ],
)
def test_what_bmv2_cannot_do_is_named(tmp_path: Path, apply: str, local: str, message: str):
    assert reported(tmp_path, apply, local, "extern void foo(in bit<8> x);") == [f"unsupported: {message}"]


def test_a_value_set_in_a_part_of_a_keyset_is_refused(tmp_path: Path):
    parser = """
    value_set<bit<8>>(4) vs;
    state start { p.extract(hdr.h); transition select(hdr.h.a, hdr.h.b) { (vs, 1): accept; default: reject; } }
    """
    _, diagnostics = lowered_with_messages(source(parser=parser), tmp_path)

    assert [f"{d.severity}: {d.message}" for d in diagnostics.errors] == [
        "unsupported: value set 'vs' as one part of a keyset: BMv2 matches a whole key with it"
    ]


def test_a_program_without_main_has_nothing_to_run(tmp_path: Path):
    program, diagnostics = lowered_with_messages("#include <core.p4>\nheader h_t { bit<8> a; }\n", tmp_path)
    assert [d.severity for d in diagnostics.items if "main" in d.message] == ["warning"]
    assert program.ingress is None
