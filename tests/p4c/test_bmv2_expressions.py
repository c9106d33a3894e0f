"""Expressions: BMv2 must compute what P4 means."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.p4c import ir
from switch.p4c.bmv2.context import Context
from switch.p4c.bmv2.expressions import Expressions
from switch.p4c.source import Diagnostics
from tests.p4c.bmv2_eval import evaluate
from tests.p4c.bmv2_text import show
from tests.p4c.ir_builder import ETHER_TYPE, FLAG, WIDE, A, B, S, const, program
from tests.p4c.ir_eval import meaning

FIELDS = {
    (32, False): A, (16, False): WIDE, (8, True): S, (0, False): FLAG,
}  # fmt: skip
ARITHMETIC = ["+", "-", "*", "&", "|", "^", "|+|", "|-|"]


def convert(expr: ir.Expr) -> str:
    return show(expressions().value(expr))


def expressions() -> Expressions:
    return Expressions(Context.of(program(), Diagnostics()))


@cache
def typed(width: int, signed: bool, depth: int) -> st.SearchStrategy[ir.Expr]:
    """Expressions of a type: constants and fields, and operations on smaller ones."""
    low, high = (-(1 << (width - 1)), (1 << (width - 1)) - 1) if signed else (0, (1 << max(width, 1)) - 1)
    leaves: list[st.SearchStrategy[ir.Expr]] = [
        st.integers(low, high).map(lambda v: ir.Const(width, v, signed=signed)),
    ]
    if (width, signed) in FIELDS:
        leaves.append(st.just(FIELDS[width, signed]))
    if depth == 0:
        return st.one_of(leaves)
    smaller = depth - 1
    if width == 0:
        return st.one_of(*leaves, _bools(smaller))
    same = typed(width, signed, smaller)
    choices = [
        st.builds(lambda op, a, b: ir.Binary(width, op, a, b, signed=signed), st.sampled_from(ARITHMETIC), same, same),
        st.builds(
            lambda op, a, b: ir.Binary(width, op, a, b, signed=signed),
            st.sampled_from(["<<", ">>"]), same, st.one_of(typed(8, False, 0), typed(16, False, smaller)),
        ),
        st.builds(lambda op, a: ir.Unary(width, op, a, signed=signed), st.sampled_from(["-", "~"]), same),
        st.builds(lambda c, a, b: ir.Conditional(width, c, a, b, signed=signed), typed(0, False, smaller), same, same),
        st.builds(lambda a: ir.Cast(width, a, signed=signed), st.one_of(_any(smaller, width, signed))),
    ]  # fmt: skip
    if not signed and width == 16:
        choices.append(st.builds(lambda a: ir.Slice(16, a, 20, 5), typed(32, False, smaller)))
        choices.append(
            st.builds(lambda a, b: ir.Binary(16, "++", a, b), typed(8, False, smaller), typed(8, True, smaller))
        )
    return st.one_of(*leaves, *choices)


def _any(depth: int, width: int, signed: bool) -> list[st.SearchStrategy[ir.Expr]]:
    """What may be cast: any bit strings, but a change of both width and sign is two casts."""
    unsigned = [typed(32, False, depth), typed(16, False, depth), typed(8, False, depth)]
    same_width = [typed(width, not signed, depth)]
    return same_width + ([typed(8, True, depth)] if signed else unsigned)


def _bools(depth: int) -> st.SearchStrategy[ir.Expr]:
    flag, number, signed = typed(0, False, depth), typed(32, False, depth), typed(8, True, depth)
    compare = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
    return st.one_of(
        st.builds(lambda op, a, b: ir.Binary(0, op, a, b), compare, number, number),
        st.builds(lambda op, a, b: ir.Binary(0, op, a, b), compare, signed, signed),
        st.builds(lambda op, a, b: ir.Binary(0, op, a, b), st.sampled_from(["&&", "||", "==", "!="]), flag, flag),
        st.builds(lambda a: ir.Unary(0, "!", a), flag),
        st.builds(lambda c, a, b: ir.Conditional(0, c, a, b), flag, flag, flag),
    )


@settings(max_examples=200, deadline=None)
@given(
    expr=st.sampled_from([(32, False), (16, False), (8, True), (0, False)]).flatmap(lambda t: typed(*t, 3)),
    a=st.integers(0, 2**32 - 1), wide=st.integers(0, 2**16 - 1), s=st.integers(-128, 127), flag=st.integers(0, 1),
)  # fmt: skip
def test_bmv2_computes_what_the_specification_says(expr: ir.Expr, a: int, wide: int, s: int, flag: int) -> None:
    fields = {("scalars", "a"): a, ("scalars", "wide"): wide, ("scalars", "s"): s, ("scalars", "flag"): flag}

    result = evaluate(expressions().value(expr), fields)

    assert (isinstance(result, bool), int(result)) == (expr.width == 0, meaning(expr, fields))


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        (ir.Binary(32, "+", A, B), "((scalars.a + scalars.b) & 4294967295)"),
        (ir.Binary(0, "&&", FLAG, ir.IsValid(0, "ethernet")), "(d2b(scalars.flag) and d2b(ethernet.$valid$))"),
        (ir.Slice(8, A, 15, 8), "((scalars.a >> 8) & 255)"),
        (ir.Slice(16, A, 31, 16), "(scalars.a >> 16)"),
        (ir.Cast(1, FLAG), "scalars.flag"),
        (ir.Cast(32, ETHER_TYPE), "ethernet.type"),
        (ir.Cast(8, A), "(scalars.a & 255)"),
        (ir.Unary(0, "!", ir.Unary(0, "!", FLAG)), "d2b(scalars.flag)"),
        (ir.Binary(32, "<<", A, const(40, 8)), "0"),
        (ir.StackFieldRef(20, "labels", "last", "id"), "labels.id"),
        (ir.StackFieldRef(20, "labels", const(1), "id"), "labels[1].id"),
        (
            ir.StackFieldRef(20, "labels", A, "id"),
            "((scalars.a < 2) ? ((labels dereference_header_stack scalars.a) access_field 0) : 0)",
        ),
        (ir.StackIndexRef(32, "labels", "lastIndex"), "last_stack_index(labels)"),
    ],
)
def test_expression_has_the_expected_shape(expr: ir.Expr, text: str) -> None:
    assert convert(expr) == text
