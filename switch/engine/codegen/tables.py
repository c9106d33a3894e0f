"""Tables: their constant descriptions for the runtime, and the C that applies them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..program.actions import ActionSpec
from ..program.entries import DefaultEntry
from ..program.headers import VALID_FIELD
from ..program.keys import KeyKind, KeySpec
from ..program.tables import ProfileSpec, TableKind, TableSpec
from .actions import ends_of, param_offsets
from .expressions import Expressions
from .keys import KeyPacking, pack_words
from .numbers import constant, is_wide, round_bits, storage_bytes, unsigned_type, word_list
from .writer import Writer, comment

if TYPE_CHECKING:
    from .unit import Names

# Writes the jump to a node; None is the end.
Goto = Callable[[str | None], str]

_KINDS = {
    KeyKind.EXACT: "P4E_KEY_EXACT",
    KeyKind.VALID: "P4E_KEY_EXACT",
    KeyKind.LPM: "P4E_KEY_LPM",
    KeyKind.TERNARY: "P4E_KEY_TERNARY",
    KeyKind.RANGE: "P4E_KEY_RANGE",
    KeyKind.OPTIONAL: "P4E_KEY_OPTIONAL",
}
_TABLE_KINDS = {
    TableKind.NONE: "P4E_TABLE_NONE",
    TableKind.EXACT: "P4E_TABLE_EXACT",
    TableKind.LPM: "P4E_TABLE_LPM",
    TableKind.TERNARY: "P4E_TABLE_TERNARY",
    TableKind.RANGE: "P4E_TABLE_TERNARY",
}
_FINDERS = {TableKind.EXACT: "p4e_table_exact", TableKind.LPM: "p4e_table_longest"}


def layout_hash(*parts: object) -> str:
    """A constant that is equal for objects of one name and layout."""
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return constant(int.from_bytes(digest[:8]), 64)


def write_fields(out: Writer, name: str, widths: list[int], kinds: list[str]) -> KeyPacking:
    """Writes an array of p4e_field_t; returns the packing."""
    packing = KeyPacking.of(widths)
    offset = 0
    rows: list[str] = []
    for width, kind, size, place in zip(widths, kinds, packing.sizes, packing.places, strict=True):
        rows.append(f"{{{kind}, {width}, {size}, {offset}, {place}}}")
        offset += size
    out.line(f"static const p4e_field_t {name}[] = {{{', '.join(rows) or '{0, 0, 0, 0, 0}'}}};")
    return packing


def _actions_layout(actions: tuple[ActionSpec, ...]) -> list:
    return [(action.name, [param.width for param in action.params]) for action in actions]


class TableCode:
    """Writes descriptions and applications of tables."""

    def __init__(self, out: Writer, names: Names) -> None:
        self._out = out
        self._names = names

    def write_specs(self, tables: dict[str, TableSpec], profiles: dict[str, ProfileSpec]) -> None:
        """Writes the arrays of table and profile descriptions."""
        rows = [self._spec(i, table, profiles) for i, table in enumerate(tables.values())]
        self._array("p4e_table_spec_t", "p4_tables", rows)
        rows = []
        for index, profile in enumerate(profiles.values()):
            actions = f"p4_profile{index}_actions"
            self._write_actions(actions, profile.actions)
            layout = layout_hash("profile", profile.name, _actions_layout(profile.actions), profile.selector is None)
            rows.append(f"{{{layout}, {actions}, {len(profile.actions)}, {max(profile.size, 1)}}}")
        self._array("p4e_profile_spec_t", "p4_profiles", rows)

    def _array(self, kind: str, name: str, rows: list[str]) -> None:
        self._out.line(f"static const {kind} {name}[] = {{")
        for row in rows:
            self._out.line(f"    {row},")
        self._out.line("    {0}};" if not rows else "};")
        self._out.line()

    def _write_actions(self, name: str, actions: tuple[ActionSpec, ...]) -> int:
        """Writes the action descriptions; returns the largest native size."""
        rows: list[str] = []
        most = 0
        for index, action in enumerate(actions):
            offsets, size = param_offsets(action.params)
            most = max(most, size)
            params = [
                f"{{{p.width}, {(p.width + 7) // 8}, {storage_bytes(p.width)}, {at}}}"
                for p, at in zip(action.params, offsets, strict=True)
            ]
            if params:
                self._out.line(f"static const p4e_param_t {name}_{index}[] = {{{', '.join(params)}}};")
            pointer = f"{name}_{index}" if params else "NULL"
            rows.append(f"{{{pointer}, {len(params)}, {action.data_bytes}, {size}}}")
        self._out.line(f"static const p4e_action_t {name}[] = {{{', '.join(rows) or '{NULL, 0, 0, 0}'}}};")
        return most

    def _spec(self, index: int, table: TableSpec, profiles: dict[str, ProfileSpec]) -> str:
        base = f"p4_table{index}"
        self._out.line(comment(f"table {table.name}"))
        widths, kinds = [key.width for key in table.keys], [_KINDS[key.kind] for key in table.keys]
        packing = write_fields(self._out, f"{base}_fields", widths, kinds)
        profile = None if table.action_profile is None else profiles[table.action_profile]
        actions = table.actions if profile is None else profile.actions
        most = self._write_actions(f"{base}_actions", actions)
        layout = layout_hash(
            *("table", table.name, table.kind.value, list(zip(widths, kinds, strict=True)), table.support_timeout),
            *(_actions_layout(actions), table.action_profile, table.meter is not None, table.entries is not None),
            *(None if table.entries is None else [repr(entry) for entry in table.entries],),
        )
        number = -1 if profile is None else list(profiles).index(profile.name)
        ranges = sum(key.kind is KeyKind.RANGE for key in table.keys)
        flags = [table.support_timeout, table.meter is not None, table.meter is not None and table.meter.in_bytes]
        values = [
            *(layout, _TABLE_KINDS[table.kind], f"{base}_fields", len(table.keys), table.key_bytes, packing.words),
            *(ranges, f"{base}_actions", len(actions), most, max(table.size, 1), number),
            *("true" if flag else "false" for flag in flags),
        ]
        return "{" + ", ".join(str(value) for value in values) + "}"

    def apply(self, code: Expressions, table: TableSpec, goto: Goto) -> None:
        """Writes the lookup, what it runs, and where control goes on."""
        out, number = self._out, self._names.tables[table.name]
        if table.kind is TableKind.NONE and table.default is not None and table.default.const_entry:
            self._always(table, table.default, goto)
            return
        out.line(f"p4e_table_t *t = &c->engine->tables[{number}];")
        if table.kind is TableKind.NONE:
            out.line("p4e_entry_t *e = NULL;")
        else:
            packing = KeyPacking.of([key.width for key in table.keys])
            parts = [(self._key(code, key), key.width) for key in table.keys]
            pack_words(out, "key", parts, packing)
            finder = _FINDERS.get(table.kind, "p4e_table_best")
            out.line(f"p4e_entry_t *e = {finder}(t, key, {packing.words});")
        out.line("const p4e_call_t *call;")
        with out.block("if (e)"):
            self._hit(code, table)
        with out.block("else"):
            out.line("p4e_bump(&t->misses, 1);")
            out.line("call = atomic_load_explicit(&t->fallback, memory_order_acquire);")
        key = "NULL" if table.kind is TableKind.NONE else "key"
        out.line(f"p4e_trace_table(c->engine, {number}, e, call, {key});")
        self._run(table, goto)

    def _always(self, table: TableSpec, default: DefaultEntry, goto: Goto) -> None:
        """A table without key whose default action is constant: just that action."""
        out, action = self._out, table.actions[default.action]
        if action.primitives:
            name = self._names.action(action)
            values: list[str] = []
            offset = 0
            for param in action.params:
                size = (param.width + 7) // 8
                value = int.from_bytes(default.data[offset : offset + size])
                width = round_bits(param.width)
                values.append(word_list(value, width) if is_wide(param.width) else constant(value, width))
                offset += size
            out.line(f"static const {name}_data_t data = {{{', '.join(values)}}};" if values else "")
            out.line(f"{name}(c, {'&data' if values else 'NULL'});")
            for flag in ends_of(action.primitives):
                out.line(f"if (c->{flag}) return;")
        out.line(goto(table.next_miss if table.by_hit else table.next_by_action[default.action]))

    def _key(self, code: Expressions, key: KeySpec) -> str:
        """A key field's number; fields of invalid headers count as 0."""
        out, size = self._out, round_bits(key.width)
        text = code.read_storage(code.field(key.field), key.width, signed=False)
        valid = code.valid(key.field.header) if key.field.field.name != VALID_FIELD else "true"
        if key.field.field.name == VALID_FIELD:
            text = f"(uint64_t){code.valid(key.field.header)}"
        if is_wide(key.width):
            name = out.fresh("w")
            out.line(f"uint64_t {name}[{size // 64}] = {{0}};")
            out.line(f"if ({valid}) memcpy({name}, {text}, sizeof {name});")
            for word in range(size // 64) if key.static_mask is not None else ():
                out.line(f"{name}[{word}] &= {constant(key.static_mask >> 64 * word, 64)};")  # type: ignore[operator]
            return name
        if key.static_mask is not None:
            text = f"({text} & {constant(key.static_mask, size)})"
        if valid != "true":
            text = f"({valid} ? {text} : 0)"
        return f"({unsigned_type(size)})({text})"

    def _hit(self, code: Expressions, table: TableSpec) -> None:
        out = self._out
        out.line("p4e_bump(&t->hits, 1);")
        if table.has_counter:
            out.line("p4e_entry_hit(e, c->ingress_length);")
        if table.support_timeout:
            out.line("atomic_store_explicit(&e->last_hit, c->engine->now, memory_order_relaxed);")
        if table.meter is not None and table.meter.result is not None:
            amount = "c->ingress_length" if table.meter.in_bytes else "1"
            out.line(f"uint64_t colour = p4e_meter_run(e->meter, {amount}, c->ingress_length, c->engine->now);")
            field = table.meter.result.field
            text = code.resize("colour", 64, round_bits(field.width), False)
            code.store(code.field(table.meter.result), field.width, text)
        out.line("uint64_t target = atomic_load_explicit(&e->target, memory_order_acquire);")
        selector = None if table.action_profile is None else self._names.selectors.get(table.action_profile)
        if table.action_profile is None:
            out.line("call = (const p4e_call_t *)(uintptr_t)target;")
        elif selector is None:
            out.line("call = p4e_resolve(target, 0);")
        else:
            chosen = f"(target & P4E_TARGET_MASK) == P4E_TARGET_GROUP ? {selector}(c) : 0"
            out.line(f"call = p4e_resolve(target, {chosen});")
            with out.block("if (!call)"):
                out.line("call = atomic_load_explicit(&t->fallback, memory_order_acquire);")

    def _run(self, table: TableSpec, goto: Goto) -> None:
        out = self._out
        actions = table.actions
        if table.action_profile is not None:
            actions = self._names.profile_actions[table.action_profile]
        own = {action.id: index for index, action in enumerate(table.actions)}
        with out.block("if (call) switch (call->action)"):
            for index, action in enumerate(actions):
                out.line(f"case {index}:")
                with out.block():
                    name = self._names.action(action)
                    if action.primitives:
                        out.line(f"{name}(c, (const {name}_data_t *)(const void *)call->data);")
                    for flag in ends_of(action.primitives):
                        out.line(f"if (c->{flag}) return;")
                    if not table.by_hit and action.id in own:
                        out.line(goto(table.next_by_action[own[action.id]]))
                    else:
                        out.line("break;")
            out.line("default: break;")
        if table.by_hit:
            out.line(f"if (e) {goto(table.next_hit)}")
            out.line(goto(table.next_miss))
            return
        targets = set(table.next_by_action)
        same = next(iter(targets)) if len(targets) == 1 else None
        out.line(goto(table.miss_next if table.miss_next is not None else same))
