"""What all parts of the back end share: the program, its storage by name, scratch fields, ids, source positions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from switch.p4c import ir
from switch.p4c.bmv2.values import Json
from switch.p4c.source import NOWHERE, Diagnostics, Span

SCALARS = "scalars"


@dataclass
class Context:
    """One run of the back end."""

    program: ir.Program
    diagnostics: Diagnostics
    source_info: bool = False
    headers: dict[str, ir.HeaderDef] = field(default_factory=dict)
    stacks: dict[str, ir.HeaderStack] = field(default_factory=dict)
    unions: dict[str, ir.HeaderUnion] = field(default_factory=dict)
    union_stacks: dict[str, ir.UnionStack] = field(default_factory=dict)
    metadata: set[str] = field(default_factory=set)
    action_ids: dict[str, int] = field(default_factory=dict)
    action_names: dict[str, str] = field(default_factory=dict)  # as shown; the IR's names can be longer
    actions: list[Json] = field(default_factory=list)
    calculations: list[Json] = field(default_factory=list)
    scratch: list[ir.FieldDef] = field(default_factory=list)
    scratch_headers: list[ir.Header] = field(default_factory=list)
    epilogue: list[ir.Stmt] = field(default_factory=list)  # what has to run at the end of egress
    meter_results: dict[str, ir.FieldRef] = field(default_factory=dict)  # where direct meters put the colour
    field_list_ids: dict[int, int] = field(default_factory=dict)
    learn_ids: dict[tuple[str, tuple[tuple[str, str], ...]], int] = field(default_factory=dict)
    learn_spans: list[Span] = field(default_factory=list)
    needs_empty_field_list: bool = False
    _counters: Counter[str] = field(default_factory=Counter)
    _fields: dict[tuple[str, str], tuple[int, ir.FieldDef]] = field(default_factory=dict)

    @classmethod
    def of(cls, program: ir.Program, diagnostics: Diagnostics, *, source_info: bool = False) -> Context:
        """The context of a program, its storage indexed by name."""
        context = cls(program, diagnostics, source_info)
        for header in program.headers:
            context._add_header(header)
        for stack in program.stacks:
            context.stacks[stack.name] = stack
            for header in stack.elements:
                context._add_header(header)
        for union in program.unions:
            context._add_union(union)
        for stack in program.union_stacks:
            context.union_stacks[stack.name] = stack
            for union in stack.elements:
                context._add_union(union)
        for number, field_list in enumerate(program.field_lists, 1):
            context.field_list_ids.setdefault(field_list.id, number)
        return context

    def _add_header(self, header: ir.Header) -> None:
        self.headers[header.name] = header.type
        if header.metadata:
            self.metadata.add(header.name)
        for index, definition in enumerate(header.type.fields):
            self._fields[header.name, definition.name] = (index, stored(definition))

    def _add_union(self, union: ir.HeaderUnion) -> None:
        self.unions[union.name] = union
        for _, header in union.members:
            self._add_header(header)

    def next_id(self, kind: str) -> int:
        """The next number of a kind of object, from 0."""
        self._counters[kind] += 1
        return self._counters[kind] - 1

    def field_def(self, header: str, name: str) -> ir.FieldDef | None:
        """The definition of a header instance's field."""
        found = self._fields.get((header, name))
        return found[1] if found else None

    def new_scratch(self, purpose: str, like: ir.Expr) -> ir.FieldRef:
        """A fresh metadata field that can hold a value like that one, which is either a bit string or a bool."""
        taken = {f.name for f in self.headers[SCALARS].fields} if SCALARS in self.headers else set()
        number = self.next_id("scratch")
        while (name := f"${purpose}{number}") in taken:
            number = self.next_id("scratch")
        definition = ir.FieldDef(name, like.width or 1, like.signed, "bits" if like.width else "bool")
        self._fields[SCALARS, name] = (len(self.scratch), definition)
        self.scratch.append(definition)
        return ir.FieldRef(like.width, SCALARS, name, signed=like.signed)

    def new_scratch_header(self, purpose: str, kind: ir.HeaderDef) -> ir.Header:
        """A fresh header that is never emitted."""
        header = ir.Header(f"${purpose}{self.next_id('scratch_headers')}", kind)
        self.scratch_headers.append(header)
        self._add_header(header)
        return header

    def located(self, item: Json, span: Span) -> Json:
        """The item with its source position, when asked for and known."""
        if self.source_info and span.line:
            source = self.diagnostics.sources.get(span.file, {}).get(span.line, "")
            end = span.end_column - 1 if span.end_line == span.line else len(source)
            fragment = source[span.column - 1 : end].strip()
            item["source_info"] = {
                "filename": span.file, "line": span.line, "column": span.column, "source_fragment": fragment,
            }  # fmt: skip
        return item

    def unsupported(self, span: Span | None, message: str) -> None:
        """Reports what BMv2 cannot do."""
        self.diagnostics.unsupported(span or NOWHERE, message)


def stored(definition: ir.FieldDef) -> ir.FieldDef:
    """The field as BMv2 stores it: signed ones need two bits."""
    return replace(definition, signed=False) if definition.signed and definition.width < 2 else definition
