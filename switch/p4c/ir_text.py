"""The elaborated program as text, for `--show ir` and for tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from switch.p4c import ir
from switch.p4c.midend.parsers import SubParser
from switch.p4c.midend.v1model_calls import ChecksumCall


def program_text(program: ir.Program) -> str:
    """The whole program."""
    return "\n".join(_program(program)) + "\n"


def _program(program: ir.Program) -> Iterator[str]:
    yield from _storage(program)
    yield from _states(program.states)
    yield from _checksums("verify", program.verify)
    for role, control in (("ingress", program.ingress), ("egress", program.egress)):
        if control is not None and control.body:
            yield from _block(f"{role} {control.name}", control.body)
    yield from _checksums("update", program.update)
    if program.deparser:
        yield from _block("deparser", program.deparser)
    for action in (a for a in program.actions if not a.called_only):
        params = ", ".join(f"{p.name}: {'int' if p.signed else 'bit'}<{p.width}>" for p in action.params)
        yield from _block(f"action {action.name}({params})", action.body)
    for table in program.tables:
        yield from _table(table)
    yield from _resources(program)


def _storage(program: ir.Program) -> Iterator[str]:
    for kind in program.header_types:
        if kind.fields and kind.name != "standard_metadata_t":
            fields = ", ".join(f"{f.name}: {_field(f)}" for f in kind.fields)
            yield f"type {kind.name} {{ {fields} }}"
    for header in program.headers:
        if not header.metadata:
            yield f"header {header.name}: {header.type.name}"
    for stack in program.stacks:
        yield f"stack {stack.name}: {stack.type.name}[{len(stack.elements)}]"
    for union in program.unions:
        yield f"union {union.name}: {', '.join(name for name, _ in union.members)}"
    for stack in program.union_stacks:
        yield f"union stack {stack.name}[{len(stack.elements)}]"


def _field(item: ir.FieldDef) -> str:
    if item.kind != "bits":
        return f"varbit<{item.width}>" if item.kind == "varbit" else item.kind
    return f"{'int' if item.signed else 'bit'}<{item.width}>"


def _states(states: list[ir.ParserState]) -> Iterator[str]:
    for state in states:
        yield f"state {state.name} {{"
        yield from _indented(state.body)
        if state.keys:
            yield f"  select ({', '.join(map(expr_text, state.keys))}) {{"
            for case in state.cases:
                keys = case.value_set or ", ".join(map(_match, case.keys))
                yield f"    {keys}: {case.next}"
            yield "  }"
        else:
            yield f"  goto {state.next}"
        yield "}"


def _match(match: ir.KeyMatch) -> str:
    if match.value is None:
        return "_"
    return f"{match.value:#x}" + (f" &&& {match.mask:#x}" if match.mask is not None else "")


def _checksums(word: str, checksums: list[ir.Checksum]) -> Iterator[str]:
    for item in checksums:
        payload = " with payload" if item.with_payload else ""
        fields = _list(item.fields)
        yield f"{word} {expr_text(item.target)} = {item.algorithm}{fields}{payload} if {expr_text(item.condition)}"


def _block(title: str, stmts: list[ir.Stmt]) -> Iterator[str]:
    yield f"{title} {{"
    yield from _indented(stmts)
    yield "}"


def _indented(stmts: Iterable[ir.Stmt]) -> Iterator[str]:
    for stmt in stmts:
        for line in stmt_text(stmt):
            yield f"  {line}"


def stmt_text(stmt: ir.Stmt) -> Iterator[str]:
    """A statement, one line or more."""
    match stmt:
        case ir.If():
            yield f"if ({expr_text(stmt.condition)}) {{"
            yield from _indented(stmt.then)
            if stmt.otherwise:
                yield "} else {"
                yield from _indented(stmt.otherwise)
            yield "}"
        case ir.Labelled():
            yield from _block(f"{stmt.label}:", stmt.body)
        case ir.Loop():
            yield from _block("loop", stmt.body)
        case ir.ApplyTable():
            yield from _apply(stmt)
        case SubParser():
            yield "call parser {"
            yield from (f"  {line}" for line in _states(stmt.states))
            yield "}"
        case _:
            yield _simple(stmt)


def _apply(stmt: ir.ApplyTable) -> Iterator[str]:
    branches: list[tuple[str, list[ir.Stmt] | None]] = [("hit", stmt.hit), ("miss", stmt.miss)]
    branches += [*(stmt.cases or {}).items(), ("default", stmt.default)]
    present = [(name, stmts) for name, stmts in branches if stmts is not None]
    if not present:
        yield f"apply {stmt.table}"
        return
    yield f"apply {stmt.table} {{"
    for name, stmts in present:
        yield f"  {name}:"
        yield from (f"  {line}" for line in _indented(stmts))
    yield "}"


def _simple(stmt: ir.Stmt) -> str:
    match stmt:
        case ir.Assign():
            return f"{expr_text(stmt.target)} = {expr_text(stmt.value)}"
        case ir.AssignVarbit():
            return f"{expr_text(stmt.target)} = {expr_text(stmt.source)}"
        case ir.AssignHeader():
            return f"{stmt.kind} {_ref(stmt.target)} = {_ref(stmt.source)}"
        case ir.SetValidity():
            return f"{_ref(stmt.header)}.{'setValid' if stmt.valid else 'setInvalid'}()"
        case ir.ShiftStack():
            return f"{stmt.stack}.{'push_front' if stmt.count >= 0 else 'pop_front'}({abs(stmt.count)})"
        case ir.Primitive():
            return f"{stmt.name}({', '.join(map(_argument, stmt.args))})"
        case ir.Leave():
            return f"leave {stmt.label}"
        case ir.Exit():
            return "exit"
        case ir.Extract():
            return f"extract {_ref(stmt.header)}" + (f", {expr_text(stmt.length)}" if stmt.length is not None else "")
        case ir.Advance():
            return f"advance {expr_text(stmt.bits)}"
        case ir.Verify():
            return f"verify {expr_text(stmt.condition)}, {expr_text(stmt.error)}"
        case ir.Emit():
            return f"emit {_ref(stmt.header)}" + (f" ({stmt.kind})" if stmt.kind != "header" else "")
        case ChecksumCall():
            return f"checksum {expr_text(stmt.checksum.target)}"
    return f"<{type(stmt).__name__}>"


def _argument(arg: object) -> str:
    if isinstance(arg, list):
        return _list(arg)
    if isinstance(arg, ir.Expr):
        return expr_text(arg)
    return _ref(arg) if isinstance(arg, ir.HeaderRef) else repr(arg)


def _list(items: Iterable[object]) -> str:
    return "{" + ", ".join(map(_argument, items)) + "}"


def _index(index: ir.Expr | str | None) -> str:
    if index is None:
        return ""
    return f".{index}" if isinstance(index, str) else f"[{expr_text(index)}]"


def _ref(ref: ir.HeaderRef) -> str:
    return f"{ref.name}{_index(ref.index)}" + (f".{ref.member}" if ref.member else "")


def expr_text(expr: ir.Expr) -> str:
    """An expression, with all parentheses."""
    match expr:
        case ir.Const():
            return ("false", "true")[expr.value] if expr.width == 0 else _number(expr)
        case ir.FieldRef():
            return expr.field if expr.header == "scalars" else f"{expr.header}.{expr.field}"
        case ir.StackFieldRef():
            return f"{expr.stack}{_index(expr.index)}.{expr.field}"
        case ir.UnionStackFieldRef():
            return f"{expr.stack}{_index(expr.index)}.{expr.member}.{expr.field}"
        case ir.StackIndexRef():
            return f"{expr.stack}.{expr.which}"
        case ir.ParamRef():
            return f"${expr.name}"
        case ir.IsValid():
            return f"{expr.header}{_index(expr.index)}{'.' + expr.member if expr.member else ''}.isValid()"
        case ir.Unary():
            return f"{expr.op}{expr_text(expr.operand)}"
        case ir.Binary():
            return f"({expr_text(expr.left)} {expr.op} {expr_text(expr.right)})"
        case ir.Conditional():
            return f"({expr_text(expr.condition)} ? {expr_text(expr.then)} : {expr_text(expr.otherwise)})"
        case ir.Cast():
            kind = "bool" if expr.width == 0 else f"{'int' if expr.signed else 'bit'}<{expr.width}>"
            return f"({kind}){expr_text(expr.operand)}"
        case ir.Slice():
            return f"{expr_text(expr.operand)}[{expr.high}:{expr.low}]"
        case ir.Lookahead():
            return f"lookahead<{expr.width}>@{expr.offset}"
    return f"<{type(expr).__name__}>"


def _number(expr: ir.Const) -> str:
    return f"{expr.width}{'s' if expr.signed else 'w'}{expr.value}"


def _use(use: ir.ActionUse) -> str:
    return f"{use.action}({', '.join(map(expr_text, use.args))})"


def _table(table: ir.Table) -> Iterator[str]:
    yield f"table {table.name} {{"
    for key in table.keys:
        yield f"  key {key.name}: {key.match_kind} {expr_text(key.expr)}"
    yield f"  actions {', '.join(use.action for use in table.actions)}"
    yield f"  {'const ' if table.default_const else ''}default {_use(table.default)}"
    details = {
        "size": table.size,
        "counter": table.direct_counter,
        "meter": table.direct_meter,
        "profile": table.action_profile,
    }
    for name, value in details.items():
        if value is not None:
            yield f"  {name} {value}"
    for entry in table.entries:
        order = f" priority {entry.priority}" if entry.priority is not None else ""
        keys = ", ".join(map(_entry_key, entry.keys))
        yield f"  {'const ' if entry.const else ''}entry{order} {keys}: {_use(entry.action)}"
    yield "}"


def _entry_key(key: ir.EntryKey) -> str:
    if key.value is None:
        return "_"
    if key.high is not None:
        return f"{key.value:#x}..{key.high:#x}"
    return f"{key.value:#x}" + (f" &&& {key.mask:#x}" if key.mask is not None else "")


def _resources(program: ir.Program) -> Iterator[str]:
    for item in program.counters:
        yield f"counter {item.name} {item.unit} {f'of {item.table}' if item.size is None else item.size}"
    for item in program.meters:
        yield f"meter {item.name} {item.unit} {f'of {item.table}' if item.size is None else item.size}"
    for item in program.registers:
        yield f"register {item.name} {item.width} x {item.size}"
    for item in program.action_profiles:
        yield f"profile {item.name} {item.size}" + (f" {item.algorithm}" if item.algorithm else "")
    for item in program.value_sets:
        yield f"value set {item.name} {item.size}"
    for item in program.digests:
        yield f"digest {item.name} {_list(item.fields)}"
    for item in program.field_lists:
        yield f"field list {item.id} {_list(item.fields)}"
