"""Hand-built ir.Program values for the tests of the back ends."""

from __future__ import annotations

from collections.abc import Sequence

from switch.p4c import ir, tree
from switch.p4c.source import Span
from switch.p4c.typesys import Bits

ERRORS = ["NoError", "PacketTooShort", "NoMatch", "StackOutOfBounds", "HeaderTooShort", "ParserTimeout"]
STANDARD = ir.HeaderDef(
    "standard_metadata",
    tuple(
        ir.FieldDef(name, width)
        for name, width in (
            ("ingress_port", 9), ("egress_spec", 9), ("egress_port", 9), ("instance_type", 32),
            ("packet_length", 32), ("enq_timestamp", 32), ("enq_qdepth", 19), ("deq_timedelta", 32),
            ("deq_qdepth", 19), ("ingress_global_timestamp", 48), ("egress_global_timestamp", 48),
            ("mcast_grp", 16), ("egress_rid", 16), ("checksum_error", 1), ("parser_error", 32), ("priority", 3),
        )
    ),
)  # fmt: skip
ETHERNET = ir.HeaderDef("ethernet_t", (ir.FieldDef("dst", 48), ir.FieldDef("src", 48), ir.FieldDef("type", 16)))
SCALARS = ir.HeaderDef(
    "scalars",
    (
        ir.FieldDef("a", 32), ir.FieldDef("b", 32), ir.FieldDef("flag", 1, kind="bool"),
        ir.FieldDef("s", 8, signed=True), ir.FieldDef("wide", 16),
    ),
)  # fmt: skip
LABEL = ir.HeaderDef("label_t", (ir.FieldDef("id", 20), ir.FieldDef("rest", 12)))

A, B = ir.FieldRef(32, "scalars", "a"), ir.FieldRef(32, "scalars", "b")
FLAG = ir.FieldRef(0, "scalars", "flag")
S = ir.FieldRef(8, "scalars", "s", signed=True)
WIDE = ir.FieldRef(16, "scalars", "wide")
ETHER_TYPE = ir.FieldRef(16, "ethernet", "type")
HERE = Span("test.p4", 7, 3, 7, 9)


def const(value: int, width: int = 32) -> ir.Const:
    """A number; width 0 for a bool."""
    return ir.Const(width, value)


def add_one(field: ir.FieldRef = A) -> ir.Assign:
    """`field = field + 1`."""
    return ir.Assign(field, ir.Binary(field.width, "+", field, const(1, field.width)), span=HERE)


def note(name: str, *tokens: str) -> tree.Annotation:
    """`@name` or `@name(tokens)`."""
    return tree.Annotation(name=name, tokens=list(tokens), text=" ".join(tokens), has_body=bool(tokens))


def no_action() -> ir.Action:
    """core.p4's NoAction."""
    return ir.Action("NoAction", [], [], [note("noWarn", '"unused"')])


def param(name: str, width: int) -> ir.ActionParam:
    """An action's parameter of type bit<width>."""
    return ir.ActionParam(name, width, False, Bits(width))


def table(
    name: str = "ingress.t",
    actions: Sequence[str] = ("NoAction",),
    kind: str = "exact",
    entries: Sequence[ir.Entry] = (),
    entries_const: bool = False,
) -> ir.Table:
    """A table with one key, ethernet.type, and NoAction as its default action."""
    return ir.Table(
        name=name,
        keys=[ir.Key(ETHER_TYPE, kind, "hdr.ethernet.type", Bits(16))],
        actions=[ir.ActionUse(a) for a in actions],
        default=ir.ActionUse("NoAction"),
        default_const=False,
        size=None,
        entries=list(entries),
        entries_const=entries_const,
        span=HERE,
    )


def program(
    ingress: Sequence[ir.Stmt] = (),
    actions: Sequence[ir.Action] = (),
    tables: Sequence[ir.Table] = (),
    states: Sequence[ir.ParserState] = (),
) -> ir.Program:
    """A program with an ethernet header, a stack of two labels and a few scalars."""
    labels = [ir.Header(f"labels[{i}]", LABEL) for i in range(2)]
    start = ir.ParserState("start", [ir.Extract(ir.HeaderRef("ethernet"))], next="accept")
    return ir.Program(
        name="test",
        header_types=[SCALARS, STANDARD, ETHERNET, LABEL],
        headers=[
            ir.Header("scalars", SCALARS, metadata=True),
            ir.Header("standard_metadata", STANDARD, metadata=True),
            ir.Header("ethernet", ETHERNET),
        ],
        stacks=[ir.HeaderStack("labels", LABEL, labels)],
        errors=list(ERRORS),
        states=list(states) or [start],
        ingress=ir.Control("ingress", list(ingress)),
        egress=ir.Control("egress", []),
        deparser=[ir.Emit(ir.HeaderRef("ethernet")), ir.Emit(ir.HeaderRef("labels"), kind="stack")],
        actions=[no_action(), *actions],
        tables=list(tables),
    )
