"""Tables, action profiles and the control flow of pipelines."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .actions import ActionSpec
from .entries import ConstEntry, DefaultEntry, read_default, read_entries
from .expressions import Expr, FieldRef, HeaderRef, Scope, Sort, read_expression, read_field
from .externs import ALGORITHMS, CalculationInput, Externs, MeterSpec, read_inputs
from .headers import FieldSpec
from .jsonpath import Json
from .keys import KeyKind, KeySpec, key_kind


class TableKind(Enum):
    """How a table as a whole matches."""

    NONE = "none"
    EXACT = "exact"
    LPM = "lpm"
    TERNARY = "ternary"
    RANGE = "range"


@dataclass(frozen=True, slots=True)
class SelectorSpec:
    """How a group chooses its member."""

    algorithm: str
    inputs: tuple[CalculationInput, ...]


@dataclass(frozen=True, slots=True)
class ProfileSpec:
    """An action profile; with a selector it has groups. `actions` are those of all its tables."""

    name: str
    id: int
    size: int
    selector: SelectorSpec | None
    actions: tuple[ActionSpec, ...] = ()


@dataclass(frozen=True, slots=True)
class TableSpec:
    """A table. Keys and data are encoded as `engine.Table` describes."""

    name: str
    id: int
    kind: TableKind
    keys: tuple[KeySpec, ...]
    actions: tuple[ActionSpec, ...]
    size: int
    has_counter: bool
    meter: MeterSpec | None
    support_timeout: bool
    action_profile: str | None
    default: DefaultEntry | None
    entries: tuple[ConstEntry, ...] | None
    next_by_action: tuple[str | None, ...]
    next_hit: str | None
    next_miss: str | None
    by_hit: bool
    miss_next: str | None

    @property
    def key_bytes(self) -> int:
        """Length of a key, and of a mask."""
        return sum(key.size for key in self.keys)

    def action_index(self, name: str) -> int:
        """The index of the action of that name; -1 when the table has no such action."""
        return next((i for i, action in enumerate(self.actions) if action.name == name), -1)


@dataclass(frozen=True, slots=True)
class Conditional:
    """A branch."""

    name: str
    condition: Expr
    true_next: str | None
    false_next: str | None


@dataclass(frozen=True, slots=True)
class ActionCallNode:
    """An action called straight from the control flow."""

    name: str
    action: ActionSpec
    next_node: str | None


@dataclass(frozen=True, slots=True)
class PipelineSpec:
    """A control: where it begins and its nodes by name."""

    name: str
    start: str | None
    tables: dict[str, TableSpec]
    conditionals: dict[str, Conditional]
    calls: dict[str, ActionCallNode]


def read_pipelines(
    root: Json, scope: Scope, externs: Externs, actions: dict[int, ActionSpec]
) -> tuple[dict[str, PipelineSpec], dict[str, ProfileSpec]]:
    """Reads all pipelines and the action profiles of their tables."""
    pipelines: dict[str, PipelineSpec] = {}
    profiles: dict[str, ProfileSpec] = {}
    for where in root.items("pipelines"):
        for item in where.items("action_profiles"):
            profile = _read_profile(item, scope)
            if profile.name in profiles:
                raise item.fail(f"the name {profile.name!r} is taken")
            profiles[profile.name] = profile
        pipeline = _read_pipeline(where, scope, externs, actions, profiles)
        if pipeline.name in pipelines:
            raise where["name"].fail(f"the name {pipeline.name!r} is taken")
        pipelines[pipeline.name] = pipeline
    return pipelines, profiles


def _read_profile(where: Json, scope: Scope) -> ProfileSpec:
    chooser = where.get("selector")
    selector = None
    if chooser is not None:
        if chooser["algo"].text() not in ALGORITHMS:
            raise chooser["algo"].fail(f"unknown algorithm {chooser['algo'].text()!r}")
        selector = SelectorSpec(chooser["algo"].text(), read_inputs(chooser, scope.headers))
    return ProfileSpec(where["name"].text(), where["id"].number(), where["max_size"].number(), selector)


def _read_pipeline(
    where: Json,
    scope: Scope,
    externs: Externs,
    actions: dict[int, ActionSpec],
    profiles: dict[str, ProfileSpec],
) -> PipelineSpec:
    tables, conditionals, calls = where.items("tables"), where.items("conditionals"), where.items("action_calls")
    names: set[str] = set()
    for item in [*tables, *conditionals, *calls]:
        if item["name"].text() in names:
            raise item["name"].fail(f"the name {item['name'].text()!r} is taken")
        names.add(item["name"].text())
    start = where["init_table"]
    return PipelineSpec(
        where["name"].text(),
        _next(start, names),
        {spec.name: spec for spec in (_read_table(item, scope, externs, actions, profiles, names) for item in tables)},
        {spec.name: spec for spec in (_read_conditional(item, scope, names) for item in conditionals)},
        {spec.name: spec for spec in (_read_call(item, actions, names) for item in calls)},
    )


def _next(where: Json | None, names: set[str]) -> str | None:
    if where is None or where.isnull():
        return None
    if where.text() not in names:
        raise where.fail(f"no table, conditional or action call {where.text()!r}")
    return where.text()


def _read_conditional(where: Json, scope: Scope, names: set[str]) -> Conditional:
    condition = read_expression(where["expression"], scope, Sort.BOOL)
    true_next, false_next = _next(where.get("true_next"), names), _next(where.get("false_next"), names)
    return Conditional(where["name"].text(), condition, true_next, false_next)


def _read_call(where: Json, actions: dict[int, ActionSpec], names: set[str]) -> ActionCallNode:
    action = _action(where["action_id"], actions)
    if action.params:
        raise where.fail(f"action {action.name!r} takes parameters")
    return ActionCallNode(where["name"].text(), action, _next(where.get("next_node"), names))


def _action(where: Json, actions: dict[int, ActionSpec]) -> ActionSpec:
    number = where.number()
    if number not in actions:
        raise where.fail(f"no action with id {number}")
    return actions[number]


def _table_actions(where: Json, actions: dict[int, ActionSpec]) -> tuple[ActionSpec, ...]:
    if where.get("action_ids") is not None:
        found = [_action(item, actions) for item in where.items("action_ids")]
    else:
        found = []
        for item in where.items("actions"):
            named = [action for action in actions.values() if action.name == item.text()]
            if not named:
                raise item.fail(f"no action {item.text()!r}")
            found.append(named[0])
    if len({action.id for action in found}) != len(found):
        raise where.fail("an action occurs twice")
    return tuple(found)


def _read_key(where: Json, scope: Scope) -> KeySpec:
    kind = key_kind(where["match_type"])
    if kind is KeyKind.VALID:
        header = scope.headers.header(where["target"])
        target = FieldRef(HeaderRef(header), FieldSpec("$valid$", 1))
        width, default_name = 1, header.name
    elif isinstance(where["target"].value, dict):
        found = read_expression(where["target"], scope, Sort.DATA)
        if not isinstance(found, FieldRef):
            raise where["target"].fail("expected a field")
        target, width, default_name = found, found.field.width, found.field.name
    else:
        target = read_field(where["target"], scope.headers)
        width = target.field.width
        default_name = f"{where['target'].value[0]}.{target.field.name}"
    if target.field.varbit:
        raise where["target"].fail("a variable-length field cannot be a key")
    mask = where.get("mask")
    static_mask = None if mask is None else int.from_bytes(mask.hexbytes((width + 7) // 8))
    named = where.get("name")
    return KeySpec(default_name if named is None else named.text(), kind, width, target, static_mask)


def _table_kind(where: Json, keys: tuple[KeySpec, ...]) -> TableKind:
    if not keys:
        return TableKind.NONE
    kind = where["match_type"].text()
    kinds = {key.kind for key in keys}
    if sum(key.kind is KeyKind.LPM for key in keys) > 1 and kind == "lpm":
        raise where["key"].fail("more than one lpm field")
    allowed = {
        "exact": {KeyKind.EXACT, KeyKind.VALID},
        "lpm": {KeyKind.EXACT, KeyKind.VALID, KeyKind.LPM},
        "ternary": set(KeyKind) - {KeyKind.RANGE},
        "range": set(KeyKind),
    }
    if kind not in allowed or not kinds <= allowed[kind]:
        raise where["match_type"].fail(f"{kind!r} does not go with the table's keys")
    if kind == "lpm" and KeyKind.LPM not in kinds:
        return TableKind.EXACT
    return TableKind(kind)


def _read_table(
    where: Json,
    scope: Scope,
    externs: Externs,
    actions: dict[int, ActionSpec],
    profiles: dict[str, ProfileSpec],
    names: set[str],
) -> TableSpec:
    keys = tuple(_read_key(item, scope) for item in where.items("key"))
    kind = _table_kind(where, keys)
    own = _table_actions(where, actions)
    profile = _read_profile_of(where, own, profiles)
    meter = where.get("direct_meters")
    if meter is not None and meter.text() not in externs.meters:
        raise meter.fail(f"no meter {meter.text()!r}")
    by_hit, next_hit, next_miss, by_action = _read_next(where, own, names)
    size = where.get("max_size")
    return TableSpec(
        name=where["name"].text(),
        id=where["id"].number(),
        kind=kind,
        keys=keys,
        actions=own,
        size=1024 if size is None else size.number(),
        has_counter=where.flag("with_counters"),
        meter=None if meter is None else externs.meters[meter.text()],
        support_timeout=where.flag("support_timeout"),
        action_profile=profile,
        default=read_default(where, own),
        entries=read_entries(where, keys, kind is TableKind.TERNARY or kind is TableKind.RANGE, own),
        next_by_action=by_action,
        next_hit=next_hit,
        next_miss=next_miss,
        by_hit=by_hit,
        miss_next=_next(where.get("base_default_next"), names),
    )


def _read_profile_of(where: Json, own: tuple[ActionSpec, ...], profiles: dict[str, ProfileSpec]) -> str | None:
    kind = where["type"].text()
    if kind == "simple":
        return None
    if kind not in ("indirect", "indirect_ws"):
        raise where["type"].fail(f"unknown table type {kind!r}")
    name = where["action_profile"].text()
    profile = profiles.get(name)
    if profile is None:
        raise where["action_profile"].fail(f"no action profile {name!r}")
    if kind == "indirect_ws" and profile.selector is None:
        raise where["action_profile"].fail(f"action profile {name!r} has no selector")
    known = {action.id for action in profile.actions}
    added = tuple(action for action in own if action.id not in known)
    same = (profile.name, profile.id, profile.size, profile.selector)
    profiles[name] = ProfileSpec(*same, actions=profile.actions + added)
    return name


def _read_next(
    where: Json, own: tuple[ActionSpec, ...], names: set[str]
) -> tuple[bool, str | None, str | None, tuple[str | None, ...]]:
    targets = dict(where["next_tables"].members())
    by_hit = "__HIT__" in targets or "__MISS__" in targets
    if by_hit:
        if set(targets) != {"__HIT__", "__MISS__"}:
            raise where["next_tables"].fail("'__HIT__' and '__MISS__' come together and alone")
        return True, _next(targets["__HIT__"], names), _next(targets["__MISS__"], names), (None,) * len(own)
    for action in own:
        if action.name not in targets:
            raise where["next_tables"].fail(f"lacks action {action.name!r}")
    return False, None, None, tuple(_next(targets[action.name], names) for action in own)
