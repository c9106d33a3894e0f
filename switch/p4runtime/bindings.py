"""What P4Info describes, bound to what the program has: checked once, when a configuration arrives.

Everything here follows from P4Info and the program alone; nothing of it changes while the program runs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from finsy.proto import p4i

from switch.engine.program import ActionSpec, DigestSpec, KeySpec, Program, TableSpec
from switch.p4runtime.actions import ActionCodec, ActionSet, Param
from switch.p4runtime.errors import invalid, place
from switch.p4runtime.headers import HeaderCodec
from switch.p4runtime.match import EXACT, Field, KeyCodec
from switch.p4runtime.p4data import Group, Leaf, Shape, shape_of
from switch.p4runtime.p4info import P4InfoIndex
from switch.p4runtime.values import Translator

_KINDS = {
    p4i.MatchField.EXACT: EXACT,
    p4i.MatchField.LPM: "lpm",
    p4i.MatchField.TERNARY: "ternary",
    p4i.MatchField.RANGE: "range",
    p4i.MatchField.OPTIONAL: "optional",
}

# What P4Info says and what the program may say instead: isValid() as a key, and how older compilers wrote optional.
_ALSO = {(EXACT, "valid"), ("optional", "ternary")}


@dataclass(frozen=True)
class TableBinding:
    """One table: its P4Info, the engine's description, and the codecs between them."""

    id: int
    name: str
    info: p4i.Table
    spec: TableSpec
    key: KeyCodec
    actions: ActionSet
    counter: p4i.DirectCounter | None
    meter: p4i.DirectMeter | None
    profile_id: int

    @property
    def idle(self) -> bool:
        """Whether entries may have an idle timeout."""
        return self.info.idle_timeout_behavior == p4i.Table.NOTIFY_CONTROL

    @property
    def const_default(self) -> bool:
        """Whether the default action can never change."""
        return bool(self.info.const_default_action_id)


@dataclass(frozen=True)
class ProfileBinding:
    """One action profile or selector."""

    id: int
    name: str
    info: p4i.ActionProfile
    actions: ActionSet


@dataclass(frozen=True)
class ArrayBinding:
    """One indirect counter, meter or register; `shape` is set for registers only."""

    id: int
    name: str
    info: Any
    size: int
    shape: Leaf | None = None


@dataclass(frozen=True)
class ValueSetBinding:
    """One parser value set."""

    id: int
    name: str
    info: p4i.ValueSet
    key: KeyCodec


@dataclass(frozen=True)
class DigestBinding:
    """One digest."""

    id: int
    name: str
    shape: Shape


@dataclass(frozen=True)
class Bindings:
    """All of one configuration, by P4Info id."""

    index: P4InfoIndex
    translator: Translator
    tables: Mapping[int, TableBinding]
    profiles: Mapping[int, ProfileBinding]
    counters: Mapping[int, ArrayBinding]
    meters: Mapping[int, ArrayBinding]
    registers: Mapping[int, ArrayBinding]
    value_sets: Mapping[int, ValueSetBinding]
    digests: Mapping[int, DigestBinding]
    packet_in: HeaderCodec
    packet_out: HeaderCodec


def bind(index: P4InfoIndex, program: Program) -> Bindings:
    """Binds P4Info to a program; raises INVALID_ARGUMENT with the place where the two disagree."""
    return _Binder(index, program).bind()


class _Binder:
    def __init__(self, index: P4InfoIndex, program: Program):
        self.index = index
        self.program = program
        self.externs = program.externs
        self.translator = Translator(index.info.type_info)
        self._actions: dict[int, ActionCodec] = {}

    def bind(self) -> Bindings:
        index, program, externs = self.index, self.program, self.externs
        self._check_same_program()
        for action_id, action in index.actions.items():
            spec = self._find_action(action.preamble.name)
            if spec is not None:
                self._actions[action_id] = self._action(action, spec)
        tables = {i: self._table(info) for i, info in _present(index.tables, program.tables)}
        digests = {digest.name: digest for digest in externs.digests.values()}
        return Bindings(
            index=index,
            translator=self.translator,
            tables=tables,
            profiles={i: self._profile(p, tables) for i, p in _present(index.action_profiles, program.action_profiles)},
            counters={i: self._array(c, externs.counters) for i, c in _present(index.counters, externs.counters)},
            meters={i: self._array(m, externs.meters) for i, m in _present(index.meters, externs.meters)},
            registers={i: self._register(r) for i, r in _present(index.registers, externs.registers)},
            value_sets={i: self._value_set(v) for i, v in _present(index.value_sets, externs.value_sets)},
            digests={i: self._digest(d, digests) for i, d in _present(index.digests, digests)},
            packet_in=HeaderCodec("packet_in", index.headers.get("packet_in")),
            packet_out=HeaderCodec("packet_out", index.headers.get("packet_out")),
        )

    def _check_same_program(self) -> None:
        """Refuses a wrong pair. Compilers leave unused objects in P4Info, so only "nothing fits" tells."""
        if not self.program.pipelines or not self.program.parsers:
            raise invalid("the program has no parser or no pipelines; p4_device_config must be a program's BMv2 JSON")
        described = {table.preamble.name for table in self.index.tables.values()}
        has = {name for name in self.program.tables if not name.rpartition(".")[2].startswith("tbl_")}
        if described and has and not described & has:
            raise invalid(
                "P4Info and program are of different programs:"
                f" tables {_listed(described)} in P4Info, {_listed(has)} in the program"
            )

    def _find_action(self, name: str) -> ActionSpec | None:
        return next((spec for spec in self.program.actions.values() if spec.name == name), None)

    def _action(self, info: p4i.Action, spec: ActionSpec) -> ActionCodec:
        name = info.preamble.name
        with place(f"P4Info and program disagree on action {name!r}"):
            pairs = _pair(info.params, spec.params, "parameter")
            params = []
            for param, described in pairs:
                with place(f"parameter {param.name!r}"):
                    value = self.translator.value(param.type_name.name, param.bitwidth, described.width)
                params.append(Param(param.id, param.name, value))
        return ActionCodec(info.preamble.id, name, params)

    def _table(self, info: p4i.Table) -> TableBinding:
        name = info.preamble.name
        spec = self.program.tables[name]
        with place(f"P4Info and program disagree on table {name!r}"):
            key = self._key(info.match_fields, spec.keys)
            counter, meter = self._direct(info, spec)
            profile = self.index.action_profiles.get(info.implementation_id)
            if (profile is None) != (not spec.action_profile):
                raise invalid("only one of them gives the table an action profile")
            binding = TableBinding(
                id=info.preamble.id,
                name=name,
                info=info,
                spec=spec,
                key=key,
                actions=self._action_set(info, spec),
                counter=counter,
                meter=meter,
                profile_id=info.implementation_id,
            )
        return binding

    def _action_set(self, info: p4i.Table, spec: TableSpec) -> ActionSet:
        known = {action.name for action in spec.actions}
        codecs = []
        for ref in info.action_refs:
            codec = self._actions.get(ref.id)
            if codec is None or codec.name not in known:
                name = self.index.actions[ref.id].preamble.name
                raise invalid(f"action {name!r} is not an action of the table in the program")
            codecs.append((codec, ref.scope))
        return ActionSet(codecs)

    def _key(self, infos: Sequence[p4i.MatchField], specs: Sequence[KeySpec]) -> KeyCodec:
        fields, offset = [], 0
        for info, spec in _pair(infos, specs, "match field"):
            kind, has = _KINDS.get(info.match_type, "unknown"), spec.kind.value
            if kind != has and (kind, has) not in _ALSO:
                raise invalid(f"match field {info.name!r} is {kind} in P4Info, {has} in the program")
            with place(f"match field {info.name!r}"):
                value = self.translator.value(info.type_name.name, info.bitwidth, spec.width)
            fields.append(Field(info.id, info.name, kind, value, offset))
            offset += fields[-1].size
        return KeyCodec(fields)

    def _direct(self, info: p4i.Table, spec: TableSpec) -> tuple[p4i.DirectCounter | None, p4i.DirectMeter | None]:
        ids = info.direct_resource_ids
        counter = next((self.index.direct_counters[i] for i in ids if i in self.index.direct_counters), None)
        meter = next((self.index.direct_meters[i] for i in ids if i in self.index.direct_meters), None)
        if counter is not None and not spec.has_counter:
            raise invalid(f"the program has no direct counter {counter.preamble.name!r}")
        if meter is not None and not spec.meter:
            raise invalid(f"the program has no direct meter {meter.preamble.name!r}")
        return counter, meter

    def _profile(self, info: p4i.ActionProfile, tables: Mapping[int, TableBinding]) -> ProfileBinding:
        name = info.preamble.name
        users = [table for table in tables.values() if table.profile_id == info.preamble.id]
        actions = users[0].actions if users else ActionSet([])
        for table in users[1:]:
            if set(table.actions.by_id) != set(actions.by_id):
                raise invalid(f"tables {users[0].name!r} and {table.name!r} share {name!r} but not their actions")
        return ProfileBinding(info.preamble.id, name, info, actions)

    def _array(self, info: Any, specs: Mapping[str, Any]) -> ArrayBinding:
        spec = specs[info.preamble.name]
        if info.size and info.size != spec.size:
            raise invalid(f"{info.preamble.name!r} has size {info.size} in P4Info, {spec.size} in the program")
        return ArrayBinding(info.preamble.id, info.preamble.name, info, spec.size)

    def _register(self, info: p4i.Register) -> ArrayBinding:
        array = self._array(info, self.externs.registers)
        with place(f"register {array.name!r}"):
            shape = shape_of(info.type_spec, self.index.info.type_info, {})
            spec = self.externs.registers[array.name]
            if isinstance(shape, Group) or shape.width != spec.width:
                raise invalid(f"the type in P4Info is not a number of {spec.width} bits, as the program has it")
        return ArrayBinding(array.id, array.name, info, array.size, shape)

    def _value_set(self, info: p4i.ValueSet) -> ValueSetBinding:
        name = info.preamble.name
        spec = self.externs.value_sets[name]
        with place(f"P4Info and program disagree on value set {name!r}"):
            fields, offset = [], 0
            for field in info.match:
                kind = _KINDS.get(field.match_type, "unknown")
                value = self.translator.value(field.type_name.name, field.bitwidth, field.bitwidth)
                fields.append(Field(field.id, field.name or str(field.id), kind, value, offset))
                offset += fields[-1].size
            width = sum(field.width for field in fields)
            if width != spec.width:
                raise invalid(f"its fields have {width} bits in P4Info, {spec.width} in the program")
        return ValueSetBinding(info.preamble.id, name, info, KeyCodec(fields))

    def _digest(self, info: p4i.Digest, digests: Mapping[str, DigestSpec]) -> DigestBinding:
        name = info.preamble.name
        spec = digests[name]
        with place(f"digest {name!r}"):
            shape = shape_of(info.type_spec, self.index.info.type_info, self.program.errors)
            if len(shape.leaves()) != len(spec.elements):
                raise invalid(f"{len(shape.leaves())} members in P4Info, {len(spec.elements)} in the program")
        return DigestBinding(info.preamble.id, name, shape)


def _present(described: Mapping[int, Any], has: Mapping[str, Any]) -> list[tuple[int, Any]]:
    """The objects of P4Info that the program has too."""
    return [(number, info) for number, info in described.items() if info.preamble.name in has]


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)[:4]) + (", ..." if len(names) > 4 else "")


def _pair(infos: Sequence[Any], specs: Sequence[Any], kind: str) -> list[tuple[Any, Any]]:
    """P4Info's members in the program's order: by name when the names agree, by position otherwise."""
    if len(infos) != len(specs):
        raise invalid(f"{len(infos)} {kind}s in P4Info, {len(specs)} in the program")
    by_name = {info.name: info for info in infos}
    if len(by_name) == len(infos) and all(spec.name in by_name for spec in specs):
        return [(by_name[spec.name], spec) for spec in specs]
    return list(zip(infos, specs, strict=True))
