"""Action bodies: structured control flow becomes jumps."""

from __future__ import annotations

from collections.abc import Sequence

from switch.p4c import ir
from switch.p4c.bmv2 import to_json
from switch.p4c.source import Diagnostics
from tests.p4c.bmv2_text import action_named, show_action
from tests.p4c.ir_builder import FLAG, A, B, S, add_one, const, param, program, table

ADD_A = "assign(scalars.a, ((scalars.a + 1) & 4294967295))"
ADD_B = "assign(scalars.b, ((scalars.b + 1) & 4294967295))"


def primitives(body: Sequence[ir.Stmt], params: Sequence[ir.ActionParam] = ()) -> list[str]:
    diagnostics = Diagnostics()
    json = to_json(program(actions=[ir.Action("act", list(params), list(body))]), diagnostics)
    assert diagnostics.render() == ""
    return show_action(action_named(json, "act"))


def test_if_else_jumps_over_the_other_branch() -> None:
    assert primitives([ir.If(FLAG, [add_one()], [add_one(B)])]) == [
        "_jump_if_zero(scalars.flag, 3)",
        ADD_A,
        "_jump(4)",
        ADD_B,
    ]


def test_comparison_as_condition_becomes_data() -> None:
    body = [ir.If(ir.Binary(0, "==", A, const(0)), [add_one()])]
    assert primitives(body) == ["_jump_if_zero(b2d((scalars.a == 0)), 2)", ADD_A]


def test_if_with_only_an_else_branch_is_turned_round() -> None:
    assert primitives([ir.If(FLAG, [], [add_one()])]) == ["_jump_if_zero(b2d(not(d2b(scalars.flag))), 2)", ADD_A]


def test_leaving_a_block_is_one_conditional_jump() -> None:
    body = [ir.Labelled("out", [ir.If(FLAG, [ir.Leave("out")]), add_one()]), add_one(B)]
    assert primitives(body) == ["_jump_if_zero(b2d(not(d2b(scalars.flag))), 2)", ADD_A, ADD_B]


def test_loop_tests_at_the_top_and_jumps_back() -> None:
    done = ir.Binary(0, "==", A, const(10))
    body = [ir.Labelled("break", [ir.Loop([ir.If(done, [ir.Leave("break")]), add_one()])]), add_one(B)]
    assert primitives(body) == ["_jump_if_zero(b2d(not((scalars.a == 10))), 3)", ADD_A, "_jump(0)", ADD_B]


def test_nested_blocks_of_the_same_name_leave_the_inner_one() -> None:
    inner = ir.Labelled("x", [ir.If(FLAG, [ir.Leave("x")]), add_one()])
    body = [ir.Labelled("x", [inner, ir.If(FLAG, [ir.Leave("x")]), add_one(B)])]
    check = "_jump_if_zero(b2d(not(d2b(scalars.flag))), {})"
    assert primitives(body) == [check.format(2), ADD_A, check.format(4), ADD_B]


def test_exit_ends_the_action_and_the_rest_is_dropped() -> None:
    body = [ir.If(FLAG, [ir.Exit()]), add_one(), ir.Exit(), add_one(B)]
    assert primitives(body) == ["_jump_if_zero(scalars.flag, 3)", "exit()", "_jump(5)", ADD_A, "exit()"]


def test_empty_if_leaves_nothing() -> None:
    assert primitives([ir.If(FLAG, [], []), ir.If(FLAG, [ir.If(FLAG, [])])]) == []


def test_parameters_are_runtime_data_alone_and_locals_in_expressions() -> None:
    v = ir.ParamRef(32, "v")
    body = [ir.Assign(A, v), ir.Assign(A, ir.Binary(32, "&", v, B))]
    assert primitives(body, [param("u", 8), param("v", 32)]) == [
        "assign(scalars.a, arg1)",
        "assign(scalars.a, (arg1 & scalars.b))",
    ]


def test_signed_parameter_is_read_as_signed() -> None:
    body = [ir.Assign(A, ir.Cast(32, ir.Cast(32, ir.ParamRef(8, "v", signed=True), signed=True)))]
    assert primitives(body, [param("v", 8)]) == ["assign(scalars.a, ((arg0 two_comp_mod 8) & 4294967295))"]


def test_write_to_a_stack_element_beyond_the_end_is_skipped() -> None:
    body = [ir.Assign(ir.StackFieldRef(20, "labels", A, "id"), const(5, 20))]
    assert primitives(body) == [
        "_jump_if_zero(b2d((scalars.a < 2)), 2)",
        "assign(((labels dereference_header_stack scalars.a) access_field 0), 5)",
    ]


def test_register_read_into_a_stack_element_goes_by_a_scratch_field() -> None:
    target = ir.StackFieldRef(20, "labels", const(1), "id")
    assert primitives([ir.Primitive("register.read", [target, "r", A])])[1:] == [
        "assign(labels[1].id, scalars.$result0)",
    ]


def test_hash_of_an_expression_assigns_it_first() -> None:
    data: list[object] = [A, ir.Binary(32, "^", A, B), ir.HeaderRef("ethernet"), const(7, 8)]
    body = [ir.Primitive("hash", [B, "crc32", const(0), data, const(16)])]
    assert primitives(body) == [
        "assign(scalars.$hash0, (scalars.a ^ scalars.b))",
        "modify_field_with_hash_based_offset(scalars.b, 0, calc_0, 16)",
    ]


def test_equal_calculations_are_shared() -> None:
    call = ir.Primitive("hash", [B, "crc32", const(0), [A], const(16)])
    json = to_json(program(actions=[ir.Action("act", [], [call, call])]), Diagnostics())
    assert [(c["name"], c["algo"]) for c in json["calculations"]] == [("calc_0", "crc32")]


def test_field_lists_count_from_one_and_an_empty_one_is_added() -> None:
    p = program(actions=[ir.Action("act", [], [
        ir.Primitive("clone_preserving", ["I2E", const(5), const(3)]), ir.Primitive("clone", ["E2E", const(6)]),
        ir.Primitive("recirculate", [const(3)]),
    ])])  # fmt: skip
    p.field_lists = [ir.FieldList(3, [A, FLAG])]
    json = to_json(p, Diagnostics())

    assert show_action(action_named(json, "act")) == [
        "clone_ingress_pkt_to_egress(5, 1)",
        "clone_egress_pkt_to_egress(6, 2)",
        "recirculate(1)",
    ]
    assert [(f["id"], f["name"], len(f["elements"])) for f in json["field_lists"]] == [
        (1, "field_list3", 2),
        (2, "none", 0),
    ]


def test_digest_fields_make_one_learn_list() -> None:
    call = ir.Primitive("digest", [1, "seen_t", [A, ir.Binary(32, "+", A, B)]])
    json = to_json(program(actions=[ir.Action("act", [], [call])]), Diagnostics())

    assert [x["op"] for x in action_named(json, "act")["primitives"]] == ["assign", "generate_digest"]
    (learn,) = json["learn_lists"]
    assert (learn["id"], learn["name"]) == (1, "seen_t")
    assert [e["value"] for e in learn["elements"]] == [["scalars", "a"], ["scalars", "$digest0"]]


def test_unknown_extern_is_named_in_a_diagnostic() -> None:
    diagnostics = Diagnostics()
    to_json(program(actions=[ir.Action("act", [], [ir.Primitive("frobnicate", [])])]), diagnostics)
    assert "extern frobnicate is not supported by BMv2" in diagnostics.render()


def test_result_for_a_signed_field_gets_its_sign() -> None:
    assert primitives([ir.Primitive("random", [S, const(0), const(255)])]) == [
        "modify_field_rng_uniform(scalars.$result0, 0, 255)",
        "assign(scalars.s, (scalars.$result0 two_comp_mod 8))",
    ]


def test_colour_of_a_direct_meter_is_copied_to_a_second_place() -> None:
    p = program(actions=[ir.Action("act", [], [ir.Primitive("direct_meter.read", ["m", B])])], tables=[table()])
    p.meters = [ir.Meter("m", "bytes", table="ingress.t", result=A)]
    json = to_json(p, Diagnostics())
    assert show_action(action_named(json, "act")) == ["assign(scalars.b, scalars.a)"]
    assert json["meter_arrays"][0]["result_target"] == ["scalars", "a"]


def test_clone_in_the_wrong_pipeline_is_reported() -> None:
    diagnostics = Diagnostics()
    to_json(program([ir.Primitive("clone", ["E2E", const(1)]), ir.Primitive("recirculate", [const(0)])]), diagnostics)
    assert "clone E2E can only be called in egress" in diagnostics.render()
    assert "recirculate can only be called in egress" in diagnostics.render()
