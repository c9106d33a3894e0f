"""The STF reader, and one small test run from end to end."""

from __future__ import annotations

import pytest

from tests.conformance.runner import StfFailed, run_stf
from tests.conformance.stf import Add, BadStf, Call, Command, Expect, Packet, SetDefault, parse_stf
from tests.engine.programs import router

ROUTE = """
# a comment
add route ipv4.dst:0x0a000000/8 set_nhop(nhop:0x0a000001, port:3)
add arp meta.nhop:0x0a000001 set_dmac(dmac:0x0000000000aa, smac:0x0000000000bb)
packet 0 000000000001 000000000002 0800 4500 0014 0000 0000 4011 66d6 0a000001 0a000002
expect 3 0000000000aa 0000000000bb 0800 4500 0014 0000 0000 3f11 67d7 0a000001 0a0000**$
"""


def test_statements_are_read() -> None:
    assert parse_stf('add t 7 "a.b[0].c":0x1* d.$valid$:1 act(x:0x10, y:2)\nsetdefault t drop()') == [
        Add("t", 7, (("a.b[0].c", "0x1*"), ("d.$valid$", "1")), Call("act", (("x", 16), ("y", 2)))),
        SetDefault("t", Call("drop", ())),
    ]
    assert parse_stf("packet 1 00 ff\nexpect 2 0* $\nexpect 3\nmc_node_create 4 1 2 # rid 4") == [
        Packet(1, b"\x00\xff"),
        Expect(2, "0*", True),
        Expect(3, None),
        Command("mc_node_create", ("4", "1", "2")),
    ]


def test_what_cannot_be_read_is_named_by_its_line() -> None:
    with pytest.raises(BadStf, match="line 2"):
        parse_stf("wait\nadd t a:1 nothing")


def test_expectations_compare_digits_and_lengths() -> None:
    assert Expect(0, "0*F").matches(b"\x0a\xff")
    assert not Expect(0, "0*F", exact=True).matches(b"\x0a\xff")
    assert not Expect(0, "0000").matches(b"\0")


def test_a_router_routes() -> None:
    run_stf(router().text(), parse_stf(ROUTE))


def test_a_wrong_expectation_fails() -> None:
    with pytest.raises(StfFailed, match="port 3"):
        run_stf(router().text(), parse_stf(ROUTE.replace("3f11", "4011")))
