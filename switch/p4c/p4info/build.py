"""Builds P4Info from the IR: collects the symbols, then writes object by object in the order of the IR's lists."""

from __future__ import annotations

from typing import Any

from finsy.proto import p4i, p4t

from switch.p4c import ir, tree, typesys
from switch.p4c.p4info import symbols as kinds
from switch.p4c.p4info.annotations import add_annotations, add_documentation, has, number_of, text_of
from switch.p4c.p4info.fieldids import field_ids
from switch.p4c.p4info.package import add_package, shows_type_info
from switch.p4c.p4info.state import StateWriter
from switch.p4c.p4info.symbols import Symbols
from switch.p4c.p4info.types import TypeInfo, bit_width, shown_name, to_bytes
from switch.p4c.source import NOWHERE, Diagnostics

DEFAULT_SIZE = 1024
MATCH_TYPES = {
    "exact": p4i.MatchField.EXACT, "lpm": p4i.MatchField.LPM, "ternary": p4i.MatchField.TERNARY,
    "range": p4i.MatchField.RANGE, "optional": p4i.MatchField.OPTIONAL,
}  # fmt: skip
DEFAULT_KINDS = {"tableonly": p4i.ActionRef.TABLE_ONLY, "defaultonly": p4i.ActionRef.DEFAULT_ONLY}


def to_p4info(program: ir.Program, diagnostics: Diagnostics, *, arch: str = "v1model") -> p4i.P4Info:
    """The program's P4Info."""
    return Builder(program, diagnostics).build(arch)


def collect(program: ir.Program, diagnostics: Diagnostics) -> Symbols:
    """All symbols with their ids; hidden ones too, as they count for aliases."""
    result = Symbols(diagnostics)
    lists = (
        (kinds.ACTION, program.actions), (kinds.TABLE, program.tables), (kinds.VALUE_SET, program.value_sets),
        (kinds.REGISTER, program.registers), (kinds.ACTION_PROFILE, program.action_profiles),
        (kinds.DIGEST, program.digests),
    )  # fmt: skip
    for kind, items in lists:
        for item in items:
            name = item.name if not isinstance(item, ir.Action) else shown_action(item)
            result.add(kind, name, number_of(item.annotations, "id"), getattr(item, "span", NOWHERE))
    for header in program.controller_headers:
        result.add(kinds.CONTROLLER_HEADER, header.header.name, number_of(header.annotations, "id"))
    for items, direct, indexed in (
        (program.counters, kinds.DIRECT_COUNTER, kinds.COUNTER),
        (program.meters, kinds.DIRECT_METER, kinds.METER),
    ):
        for item in items:
            kind = direct if item.size is None else indexed
            result.add(kind, item.name, number_of(item.annotations, "id"))
    result.assign()
    return result


def shown_action(action: ir.Action) -> str:
    """The control plane's name of an action; the IR's own can be longer."""
    return action.shown or action.name


class Builder:
    """Writes one P4Info message."""

    def __init__(self, program: ir.Program, diagnostics: Diagnostics) -> None:
        self.program = program
        self.diagnostics = diagnostics
        self.symbols = collect(program, diagnostics)
        self.info = p4i.P4Info()
        self.types = TypeInfo(p4t.P4TypeInfo(), program.errors, diagnostics)
        self.actions = {action.name: action for action in program.actions}

    def build(self, arch: str) -> p4i.P4Info:
        """Everything, in p4c's order."""
        info, program = self.info, self.program
        if program.ingress is not None:  # there is a main
            add_package(info.pkg_info, program.annotations, self.diagnostics, arch)
        written: set[str] = set()
        for action in program.actions:
            if shown_action(action) not in written and not has(action.annotations, "hidden"):
                written.add(shown_action(action))
                self._action(action)
        for table in program.tables:
            if not has(table.annotations, "hidden"):
                self._table(table)
        StateWriter(self).write()
        for header in program.controller_headers:
            if not has(header.annotations, "hidden"):
                self._controller_header(header)
        for value_set in program.value_sets:
            self._value_set(value_set)
        if self.types.info.ByteSize() or shows_type_info(program):
            info.type_info.CopyFrom(self.types.info)
        return info

    def preamble(
        self, message: Any, kind: int, name: str, annotations: list[tree.Annotation], skip: frozenset[str] = frozenset()
    ) -> None:
        """id, name, alias, annotations and documentation."""
        preamble = message.preamble
        preamble.id = self.symbols.id(kind, name)
        preamble.name = name
        preamble.alias = self.symbols.alias(name)
        add_annotations(preamble, annotations, self.diagnostics, skip=skip.__contains__)
        add_documentation(preamble, annotations)

    # --- actions and tables -------------------------------------------------------------------------------------------

    def _action(self, action: ir.Action) -> None:
        message = self.info.actions.add()
        self.preamble(message, kinds.ACTION, shown_action(action), action.annotations)
        params = [] if action.called_only else action.params  # a call gives them
        ids = field_ids([param.annotations for param in params], self.diagnostics)
        for number, param in zip(ids, params, strict=True):
            out = message.params.add(id=number, name=text_of(param.annotations, "name") or param.name)
            add_annotations(out, param.annotations, self.diagnostics)
            add_documentation(out, param.annotations)
            plain_enum = isinstance(param.type, typesys.Enum) and param.type.base is None
            if not plain_enum:
                out.bitwidth = bit_width(param.type)
            self.types.describe(out, param.type)
            if plain_enum:
                out.type_name.name = shown_name(param.type)

    def _table(self, table: ir.Table) -> None:
        message = self.info.tables.add()
        self.preamble(message, kinds.TABLE, table.name, table.annotations)
        message.size = table.size or DEFAULT_SIZE
        self._default_action(message, table)
        for use in table.actions:
            self._action_ref(message, table, use)
        ids = field_ids([key.annotations for key in table.keys], self.diagnostics)
        for number, key in zip(ids, table.keys, strict=True):
            if key.match_kind != "selector":
                self._match_field(message, number, key)
        if table.entries_const:
            message.is_const_table = True
        if table.entries:
            message.has_initial_entries = True
        if table.action_profile is not None:
            message.implementation_id = self.symbols.id(kinds.ACTION_PROFILE, table.action_profile)
        if table.direct_counter is not None:
            message.direct_resource_ids.append(self.symbols.id(kinds.DIRECT_COUNTER, table.direct_counter))
        if table.direct_meter is not None:
            message.direct_resource_ids.append(self.symbols.id(kinds.DIRECT_METER, table.direct_meter))
        if table.support_timeout:
            message.idle_timeout_behavior = p4i.Table.NOTIFY_CONTROL

    def _default_action(self, message: p4i.Table, table: ir.Table) -> None:
        number = self._action_id(table.default)
        if table.default_const:
            message.const_default_action_id = number
        message.initial_default_action.action_id = number
        action = self.actions[table.default.action]
        ids = field_ids([param.annotations for param in action.params], self.diagnostics)
        for param_id, param, arg in zip(ids, action.params, table.default.args, strict=False):
            value = to_bytes(arg.value, bit_width(param.type) or arg.width)
            message.initial_default_action.arguments.add(param_id=param_id, value=value)

    def _action_id(self, use: ir.ActionUse) -> int:
        return self.symbols.id(kinds.ACTION, shown_action(self.actions[use.action]))

    def _action_ref(self, message: p4i.Table, table: ir.Table, use: ir.ActionUse) -> None:
        out = message.action_refs.add(id=self._action_id(use))
        add_annotations(out, use.annotations, self.diagnostics)
        scopes = [scope for name, scope in DEFAULT_KINDS.items() if has(use.annotations, name)]
        if len(scopes) > 1:
            text = f"action {use.action} of table {table.name} is marked both @tableonly and @defaultonly"
            self.diagnostics.error(table.span, text)
        if scopes:
            out.scope = scopes[0]

    def _match_field(self, message: p4i.Table, number: int, key: ir.Key) -> None:
        out = message.match_fields.add(id=number, name=key.name)
        add_annotations(out, key.annotations, self.diagnostics)
        add_documentation(out, key.annotations)
        out.bitwidth = bit_width(key.type)
        if key.match_kind in MATCH_TYPES:
            out.match_type = MATCH_TYPES[key.match_kind]
        else:
            out.other_match_type = key.match_kind
        self.types.describe(out, key.type)

    # --- packet I/O and value sets ------------------------------------------------------------------------------------

    def _controller_header(self, header: ir.ControllerHeader) -> None:
        message = self.info.controller_packet_metadata.add()
        self.preamble(message, kinds.CONTROLLER_HEADER, header.header.name, header.annotations)
        shown = text_of(header.annotations, "controller_header") or header.name
        message.preamble.name = message.preamble.alias = shown
        ids = field_ids([item.annotations for item in header.fields], self.diagnostics)
        for number, item in zip(ids, header.fields, strict=True):
            if has(item.annotations, "hidden"):
                continue
            out = message.metadata.add(id=number, name=text_of(item.annotations, "name") or item.name)
            add_annotations(out, item.annotations, self.diagnostics)
            out.bitwidth = bit_width(item.type)
            self.types.describe(out, item.type)

    def _value_set(self, value_set: ir.ValueSet) -> None:
        message = self.info.value_sets.add()
        self.preamble(message, kinds.VALUE_SET, value_set.name, value_set.annotations)
        message.size = value_set.size
        ids = field_ids([key.annotations for key in value_set.keys], self.diagnostics)
        for number, key in zip(ids, value_set.keys, strict=True):
            out = message.match.add(id=number, name=key.name, bitwidth=key.width)
            if key.match_kind in MATCH_TYPES:
                out.match_type = MATCH_TYPES[key.match_kind]
            else:
                out.other_match_type = key.match_kind
            add_annotations(out, key.annotations, self.diagnostics, skip=lambda name: name == "match")
            add_documentation(out, key.annotations)
