"""RECONCILE_AND_COMMIT: what the engine does not keep by itself is written again before packets reach the new program.

The engine adopts tables, arrays and profiles whose name and layout did not change. A table that did change (a new
action, another size) is read as P4Runtime entities, and those that still mean something in the new program are inserted
again; object ids may have changed, so names connect the two. Most of that happens while the old program still runs;
only what stands on adopted objects (members of a profile) is written while packets wait.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from finsy.proto import p4r

from switch.p4runtime.bindings import Bindings, TableBinding
from switch.p4runtime.entities import INSERT, MODIFY, apply
from switch.p4runtime.errors import P4RuntimeError
from switch.p4runtime.pipeline import Pipeline
from switch.p4runtime.profiles import ProfileState
from switch.p4runtime.table_read import TableReader
from switch.p4runtime.tables import TableState


class Commit:
    """A new pipeline; what was written to it while it was saved is in its tables before packets are."""

    def __init__(
        self,
        config: p4r.ForwardingPipelineConfig,
        bindings: Bindings,
        cpu_port: int | None,
        updates: Sequence[p4r.Update] = (),
    ):
        self.bindings = bindings
        self.failed: list[P4RuntimeError] = []
        self._config = config
        self._cpu_port = cpu_port
        self._updates = updates
        self._pipeline: Pipeline | None = None

    @property
    def pipeline(self) -> Pipeline:
        """The new pipeline, once its engine is there."""
        if self._pipeline is None:
            raise RuntimeError("the target loaded a program without handing it over")
        return self._pipeline

    def live(self, engine: Any) -> bool:
        """Whether the running engine is that of the new pipeline."""
        return self._pipeline is not None and self._pipeline.engine is engine

    def fill(self, engine: Any) -> None:
        """Binds the pipeline to its engine, and does what was written to it before."""
        self._pipeline = Pipeline(self._config, self.bindings, engine, cpu_port=self._cpu_port)
        for update in self._updates:
            try:
                apply(self._pipeline, update.type, update.entity)
            except P4RuntimeError as error:
                self.failed.append(error)

    def settle(self, kept: list[str]) -> None:
        """Nothing is left to do."""


class Reconciliation:
    """A change of program that keeps what still fits; `dropped` says what does not."""

    def __init__(self, old: Pipeline, commit: Commit):
        self.dropped: list[str] = []
        self._old = old
        self._commit = commit
        self._filled: set[str] = set()

    @property
    def pipeline(self) -> Pipeline:
        """The new pipeline, once its engine is there."""
        return self._commit.pipeline

    def live(self, engine: Any) -> bool:
        """Whether the running engine is that of the new pipeline."""
        return self._commit.live(engine)

    def fill(self, engine: Any) -> None:
        """Writes the entries of tables that changed, as long as they stand on nothing that will be adopted."""
        self._commit.fill(engine)
        new = self.pipeline
        new.bindings.translator.adopt(self._old.bindings.translator)
        for state in new.tables.values():
            before = self._old.tables_by_name.get(state.binding.name)
            if before is not None and state.profile is None and not _same_layout(before.binding, state.binding):
                self._rewrite(before, state)
                self._filled.add(state.binding.name)

    def settle(self, kept: list[str]) -> None:
        """Takes over what belongs to adopted objects, and writes what stands on them."""
        names, new = set(kept), self.pipeline
        self._profiles(names)
        for state in new.tables.values():
            before = self._old.tables_by_name.get(state.binding.name)
            if before is None:
                continue
            if state.binding.name in names:
                state.extras = before.extras
                state.default_extra = before.default_extra
            elif state.binding.name not in self._filled:
                self._rewrite(before, state)
        for profile in new.profiles.values():
            _recount(profile, [state for state in new.tables.values() if state.profile is profile])
        self._others()

    def _profiles(self, kept: set[str]) -> None:
        new, dropped = self.pipeline, self.dropped
        before = {state.binding.name: state for state in self._old.profiles.values()}
        for state in new.profiles.values():
            old = before.get(state.binding.name)
            if old is None:
                continue
            if state.binding.name in kept:
                state.members, state.groups = old.members, old.groups
                continue
            renamed = _Renamer(self._old.bindings, new.bindings)
            for member in old.read_members(0):
                copy = p4r.ActionProfileMember()
                copy.CopyFrom(member)
                copy.action_profile_id = state.binding.id
                if renamed.action(copy.action):
                    _try(new, INSERT, p4r.Entity(action_profile_member=copy), dropped)
            for group in old.read_groups(0):
                copy_group = p4r.ActionProfileGroup()
                copy_group.CopyFrom(group)
                copy_group.action_profile_id = state.binding.id
                _try(new, INSERT, p4r.Entity(action_profile_group=copy_group), dropped)

    def _rewrite(self, before: TableState, state: TableState) -> None:
        new, dropped = self.pipeline, self.dropped
        renamed = _Renamer(self._old.bindings, new.bindings)
        for entry in _entries(before):
            if renamed.entry(entry, before.binding, state.binding):
                kind = MODIFY if entry.is_default_action or _holds(state, entry) else INSERT
                _try(new, kind, p4r.Entity(table_entry=entry), dropped)
            else:
                dropped.append(f"table {state.binding.name!r}: an entry does not fit the new program")

    def _others(self) -> None:
        new, dropped = self.pipeline, self.dropped
        digests = self._old.digests_by_name
        for digest in new.digests.values():
            before = digests.get(digest.binding.name)
            if before is not None:
                digest.config = before.config
        value_sets = {state.binding.name: state for state in self._old.value_sets.values()}
        for value_set in new.value_sets.values():
            old = value_sets.get(value_set.binding.name)
            if old is not None and old.members:
                entity = next(old.read())
                entity.value_set_entry.value_set_id = value_set.binding.id
                _try(new, MODIFY, entity, dropped)
        new.replication.restore(self._old.replication)


class _Renamer:
    """Turns ids of the old P4Info into those of the new one, by name."""

    def __init__(self, old: Bindings, new: Bindings):
        names = {number: action.preamble.name for number, action in old.index.actions.items()}
        numbers = {action.preamble.name: number for number, action in new.index.actions.items()}
        self._actions = {number: numbers.get(name) for number, name in names.items()}

    def action(self, action: p4r.Action) -> bool:
        """Renames an action in place; False when the new program does not have it."""
        number = self._actions.get(action.action_id)
        if number is not None:
            action.action_id = number
        return number is not None

    def entry(self, entry: p4r.TableEntry, old: TableBinding, new: TableBinding) -> bool:
        """Renames an entry in place; False when its key or action does not exist any more."""
        entry.table_id = new.id
        names = {field.id: field.name for field in old.key.fields}
        numbers = {field.name: field.id for field in new.key.fields}
        for match in entry.match:
            number = numbers.get(names.get(match.field_id, ""))
            if number is None:
                return False
            match.field_id = number
        match entry.action.WhichOneof("type"):
            case "action":
                return self.action(entry.action.action)
            case "action_profile_action_set":
                return all(self.action(a.action) for a in entry.action.action_profile_action_set.action_profile_actions)
            case _:
                return True


def _holds(state: TableState, entry: p4r.TableEntry) -> bool:
    """Whether the new program brings an entry with that key."""
    if not state.binding.info.has_initial_entries:
        return False
    try:
        state.find(entry)
    except P4RuntimeError:
        return False
    return True


def _recount(profile: ProfileState, users: list[TableState]) -> None:
    """Counts again who uses a profile, because some tables were kept and others written anew."""
    profile.uses.clear()
    for state in users:
        for entry in state.table.entries():
            profile.use(entry.action, 1)
    profile.one_shots = sum(extra.one_shot is not None for state in users for extra in state.extras.values())


def _entries(state: TableState) -> Iterator[p4r.TableEntry]:
    query = p4r.TableEntry(table_id=state.binding.id)
    if state.binding.counter is not None:
        query.counter_data.SetInParent()
    if state.binding.meter is not None:
        query.meter_config.SetInParent()
        query.meter_counter_data.SetInParent()
    if not state.binding.info.is_const_table:
        yield from (entry for entry in TableReader(state, query).read() if not entry.is_const)
    if not state.binding.const_default and state.profile is None:
        yield from TableReader(state, p4r.TableEntry(table_id=state.binding.id, is_default_action=True)).read()


def _same_layout(old: TableBinding, new: TableBinding) -> bool:
    """Whether the engine will adopt the table, as far as it can be told from here."""
    return _layout(old) == _layout(new)


def _layout(binding: TableBinding) -> tuple:
    spec = binding.spec
    keys = [(key.name, key.kind, key.width) for key in spec.keys]
    actions = [(action.name, [(p.name, p.width) for p in action.params]) for action in spec.actions]
    return keys, actions, spec.size, spec.has_counter, bool(spec.meter), spec.support_timeout, spec.action_profile


def _try(pipeline: Pipeline, kind: p4r.Update.Type.ValueType, entity: p4r.Entity, dropped: list[str]) -> None:
    try:
        apply(pipeline, kind, entity)
    except P4RuntimeError as error:
        dropped.append(error.message)
