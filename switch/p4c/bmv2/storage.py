"""Header types, header instances, stacks, unions; errors and enums."""

from __future__ import annotations

from typing import Any

from switch.p4c import ir
from switch.p4c.bmv2.context import SCALARS, Context, stored
from switch.p4c.bmv2.rewrite import all_statements
from switch.p4c.bmv2.values import Json
from switch.p4c.typesys import Enum


def storage(context: Context) -> Json:
    """header_types, headers, header_stacks, header_union_types, header_unions and header_union_stacks."""
    return _Storage(context).write()


class _Storage:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.types: dict[str, Json] = {}
        self.headers: list[Json] = []
        self.ids: dict[str, int] = {}
        self.union_ids: dict[str, int] = {}
        self.union_types: dict[str, Json] = {}
        self.unions: list[Json] = []
        self.on_the_wire = _on_the_wire(context)

    def write(self) -> Json:
        program = self.context.program
        for header in _with_scratch(self.context):
            self._header(header)
        stacks = [self._stack(number, stack) for number, stack in enumerate(program.stacks)]
        for union in program.unions:
            self._union(union)
        union_stacks = [self._union_stack(number, stack) for number, stack in enumerate(program.union_stacks)]
        return {
            "header_types": list(self.types.values()),
            "headers": self.headers,
            "header_stacks": stacks,
            "header_union_types": list(self.union_types.values()),
            "header_unions": self.unions,
            "header_union_stacks": union_stacks,
        }

    def _header(self, header: ir.Header) -> int:
        if header.name in self.ids:
            return self.ids[header.name]
        if header.type.name not in self.types:
            self.types[header.type.name] = self._type(header.type, metadata=header.metadata)
        number = self.ids[header.name] = len(self.headers)
        self.headers.append(
            {
                "name": header.name, "id": number, "header_type": header.type.name, "metadata": header.metadata,
                "pi_omit": True,
            }
        )  # fmt: skip
        return number

    def _type(self, definition: ir.HeaderDef, *, metadata: bool) -> Json:
        fields: list[list[Any]] = []
        bits = 0
        variable = False
        for item in map(stored, definition.fields):
            width = item.width or 1
            bits += width
            if item.kind == "varbit":
                if variable:
                    message = f"header {definition.name} has several varbit fields; BMv2 supports one"
                    self.context.unsupported(definition.span, message)
                variable = True
                fields.append([item.name, "*"])
            else:
                fields.append([item.name, width, item.signed])
        spare = -bits % 8
        if spare and (metadata or definition.name not in self.on_the_wire):
            fields.append([_padding(definition), spare, False])
        elif spare:
            message = f"header {definition.name} has {bits} bits; BMv2 supports multiples of 8 only"
            self.context.unsupported(definition.span, message)
        result: Json = {"name": definition.name, "id": len(self.types), "fields": fields}
        if variable:
            result["max_length"] = (bits + spare) // 8
        return result

    def _stack(self, number: int, stack: ir.HeaderStack) -> Json:
        return {
            "name": stack.name, "id": number, "header_type": stack.type.name, "size": len(stack.elements),
            "header_ids": [self._header(header) for header in stack.elements],
        }  # fmt: skip

    def _union(self, union: ir.HeaderUnion) -> int:
        if union.name in self.union_ids:
            return self.union_ids[union.name]
        members = [self._header(header) for _, header in union.members]
        if union.type_name not in self.union_types:
            self.union_types[union.type_name] = {
                "name": union.type_name, "id": len(self.union_types),
                "headers": [[name, header.type.name] for name, header in union.members],
            }  # fmt: skip
        number = self.union_ids[union.name] = len(self.unions)
        self.unions.append(
            {"name": union.name, "id": number, "union_type": union.type_name, "header_ids": members, "pi_omit": True}
        )
        return number

    def _union_stack(self, number: int, stack: ir.UnionStack) -> Json:
        return {
            "name": stack.name, "id": number, "union_type": stack.type_name, "size": len(stack.elements),
            "header_union_ids": [self._union(union) for union in stack.elements],
        }  # fmt: skip


def _on_the_wire(context: Context) -> set[str]:
    """The header types that are extracted or emitted; others may be padded."""
    names = {
        stmt.header.name for state in context.program.states for stmt in state.body if isinstance(stmt, ir.Extract)
    }
    names |= {stmt.header.name for stmt in all_statements(context.program.deparser) if isinstance(stmt, ir.Emit)}
    unions = [context.unions[name] for name in names if name in context.unions]
    unions += [context.union_stacks[name].elements[0] for name in names if name in context.union_stacks]
    result = {header.type.name for union in unions for _, header in union.members}
    result |= {context.stacks[name].type.name for name in names if name in context.stacks}
    return result | {context.headers[name].name for name in names if name in context.headers}


def _with_scratch(context: Context) -> list[ir.Header]:
    """The program's headers and the scratch ones, the scratch fields added to the scalars."""
    headers = [*context.program.headers, *context.scratch_headers]
    extra = tuple(context.scratch)
    if not extra:
        return headers
    for index, header in enumerate(headers):
        if header.name == SCALARS and header.metadata:
            wider = ir.HeaderDef(header.type.name, header.type.fields + extra, header.type.annotations)
            headers[index] = ir.Header(SCALARS, wider, metadata=True)
            return headers
    taken = {header.type.name for header in headers}
    name = SCALARS
    while name in taken:
        name += "_"
    return [ir.Header(SCALARS, ir.HeaderDef(name, extra), metadata=True), *headers]


def _padding(definition: ir.HeaderDef) -> str:
    name = "_padding"
    taken = {item.name for item in definition.fields}
    while name in taken:
        name += "_"
    return name


def errors(context: Context) -> list[list[Any]]:
    """Names and codes."""
    return [[name, code] for code, name in enumerate(context.program.errors)]


def enums(context: Context) -> list[Json]:
    """The enums without a base type; members are numbered in order."""
    return [
        {"name": item.name, "entries": [[member, number] for number, member in enumerate(item.members)]}
        for item in context.program.enums
        if isinstance(item, Enum) and item.base is None
    ]
