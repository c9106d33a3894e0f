"""The parser: what is extracted, what is an error, and that ingress runs either way."""

from __future__ import annotations

from switch.engine import Engine

from .json_builder import Builder, call, egress_to, expr, extract, extract_next, f, n, op
from .programs import ipv4, reflector

SHORT, STACK, HEADER_SHORT, INVALID = 1, 3, 4, 6


def with_error(b: Builder) -> Builder:
    """Appends the parser error to the packet as a header of its own."""
    b.header_type("trace_t", error=8)
    b.header("trace", "trace_t")
    b.run(
        "ingress",
        "go",
        egress_to(1),
        call("add_header", {"type": "header", "value": "trace"}),
        call("assign", f("trace.error"), f("standard_metadata.parser_error")),
    )
    return b


def test_a_packet_shorter_than_its_headers_is_an_error_and_still_runs_ingress() -> None:
    with Engine(with_error(ipv4()).text()) as engine:
        full = bytes(12) + b"\x08\0" + bytes(19)
        ((port, out),) = engine.process(0, full)
        assert (port, out) == (1, full[:14] + bytes([SHORT]) + full[14:])
        assert engine.stats()["parser_errors"] == 1
        ((_, out),) = engine.process(0, b"\1\2\3")
        assert out == bytes([SHORT]) + b"\1\2\3"


def test_an_empty_packet_passes_through() -> None:
    with Engine(reflector().text()) as engine:
        assert engine.process(0, b"") == [(1, b"")]


def stack_program() -> Builder:
    b = Builder()
    b.header_type("label_t", value=7, last=1)
    b.stack("labels", "label_t", 3)
    key = [{"type": "stack_field", "value": ["labels", "last"]}]
    b.state("start", [extract_next("labels")], key, x00="start", default=None)
    return with_error(b)


def test_a_stack_takes_what_it_can_and_overflows_with_an_error() -> None:
    with Engine(stack_program().text()) as engine:
        assert engine.process(0, b"\2\4\7\x09") == [(1, b"\2\4\7\0\x09")]
        assert engine.process(0, b"\2\4\6\x09") == [(1, b"\2\4\6" + bytes([STACK]) + b"\x09")]


def test_push_and_pop_move_elements() -> None:
    b = Builder()
    b.header_type("label_t", value=7, last=1)
    b.stack("labels", "label_t", 3)
    key = [{"type": "stack_field", "value": ["labels", "last"]}]
    b.state("start", [extract_next("labels")], key, x00="start", default=None)
    stack = {"type": "header_stack", "value": "labels"}
    b.run(
        "ingress",
        "go",
        egress_to(1),
        call("push", stack, n(1)),
        call("add_header", {"type": "header", "value": "labels[0]"}),
        call("assign", f("labels[0].value"), n(0x55)),
    )
    b.run("egress", "pop", call("pop", stack, n(2)))
    with Engine(b.text()) as engine:
        assert engine.process(0, b"\2\5rest") == [(1, b"\5rest")]


def varbit_program() -> Builder:
    b = Builder()
    b.header_type("opt_t", max_length=9, length=8, data="*")
    b.header("opt", "opt_t")
    bits = expr(op("*", {"type": "lookahead", "value": [0, 8]}, n(8)))
    b.header_type("m_t", bits=32)
    b.header("m", "m_t", metadata=True)
    b.state(
        "start",
        [
            {"op": "set", "parameters": [f("m.bits"), {"type": "lookahead", "value": [0, 8]}]},
            {
                "op": "extract_VL",
                "parameters": [{"type": "regular", "value": "opt"}, expr(op("<<", f("m.bits"), n(3)))],
            },
        ],
        default=None,
    )
    assert bits
    return with_error(b)


def test_variable_length_headers_end_where_their_length_says() -> None:
    with Engine(varbit_program().text()) as engine:
        assert engine.process(0, b"\3abcrest") == [(1, b"\3abc\0rest")]
        assert engine.process(0, b"\0rest") == [(1, b"\0\0rest")]
        assert engine.process(0, b"\x08abcdefgh") == [(1, b"\x08abcdefgh\0")]


def test_variable_length_headers_that_are_too_long_are_errors() -> None:
    with Engine(varbit_program().text()) as engine:
        assert engine.process(0, b"\x09abc") == [(1, bytes([SHORT]) + b"\x09abc")]
        assert engine.process(0, b"\x09abcdefghi") == [(1, bytes([HEADER_SHORT]) + b"\x09abcdefghi")]


def test_verify_stops_the_parser_with_its_error() -> None:
    b = Builder()
    b.header_type("h_t", a=8)
    b.header("h", "h_t")
    verify = {"op": "verify", "parameters": [op("==", f("h.a"), n(7)), n(INVALID)]}
    b.state("start", [extract("h"), verify], default="more")
    b.state("more", [{"op": "advance", "parameters": [n(16)]}], default=None)
    with Engine(with_error(b).text()) as engine:
        assert engine.process(0, b"\7abc") == [(1, b"\7\0c")]
        assert engine.process(0, b"\6abc") == [(1, b"\6" + bytes([INVALID]) + b"abc")]


def test_a_parser_that_never_advances_times_out() -> None:
    b = Builder()
    b.state("start", [], default="start")
    with Engine(with_error(b).text()) as engine:
        assert engine.process(0, b"x") == [(1, b"\x05x")]


def test_value_sets_decide_transitions() -> None:
    b = Builder()
    b.header_type("h_t", a=4, b=12)
    b.header("h", "h_t")
    b.header_type("t_t", x=8)
    b.header("t", "t_t", emit=False)
    b.add("parse_vsets", name="known", compressed_bitwidth=16)
    b.state("start", [extract("h")], [f("h.a"), f("h.b")], default=None)
    b.states[0]["transitions"].insert(0, {"type": "parse_vset", "value": "known", "mask": None, "next_state": "more"})
    b.state("more", [extract("t")], default=None)
    b.run("ingress", "go", egress_to(1))
    with Engine(b.text()) as engine:
        assert engine.process(0, b"\x12\x34\x56") == [(1, b"\x12\x34\x56")]
        engine.value_sets["known"].set([(b"\x01\x02\x34", None), (b"\x0f\x00\x00", b"\x0f\x00\x00")])
        assert engine.process(0, b"\x12\x34\x56") == [(1, b"\x12\x34")]
        assert engine.process(0, b"\xf2\x34\x56") == [(1, b"\xf2\x34")]
        assert engine.process(0, b"\x22\x34\x56") == [(1, b"\x22\x34\x56")]


def test_only_one_header_of_a_union_is_valid() -> None:
    b = Builder()
    b.header_type("a_t", x=8)
    b.header_type("b_t", y=16)
    ids = [b.header("u.a", "a_t"), b.header("u.b", "b_t")]
    b.add("header_union_types", name="u_t", headers=[["a", "a_t"], ["b", "b_t"]])
    b.add("header_unions", name="u", union_type="u_t", header_ids=ids)
    b.state("start", [extract("u.a")], default=None)
    b.run(
        "ingress",
        "go",
        egress_to(1),
        call("add_header", {"type": "header", "value": "u.b"}),
        call("assign", f("u.b.y"), n(0x4242)),
    )
    with Engine(b.text()) as engine:
        assert engine.process(0, b"\x11rest") == [(1, b"\x42\x42rest")]
