"""Keeps the plan of every node while the model changes: only what a change concerns is planned again."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from controller.errors import ControllerError
from controller.model import Change, Model, PhysicalHost, Resource
from controller.p4rt import Schema
from controller.plan.desired import Action, Desired, Key, packed
from controller.plan.parts import Facts, Part, Scope
from controller.plan.tracking import Read, Reads, TrackedMapping, TrackedModel, touched, touched_by_moves

_log = logging.getLogger(__name__)

Subject = tuple[type[Resource], str]
Unit = tuple[str, int, Subject | None]  # node, part, and a subject; or None for the part's scopes on the node
Changed = dict[str, set[Key]]  # by node
Unplanned = Unit | tuple[str, Key]  # a unit that failed, or a key of a node that two units want differently


class Planner:
    """The plans of all nodes. `schema` is the routers', or those of all programs that nodes run, by name."""

    def __init__(
        self, model: Model, schema: Schema | Mapping[str, Schema], parts: Sequence[Part], facts: Facts
    ) -> None:
        self._model = model
        self._schemas = schema if isinstance(schema, Mapping) else {"vrouter": schema}
        self._parts = parts
        self._reads = Reads()
        self._tracked = TrackedModel(model, self._reads)
        self._set_facts(facts)
        self._scopes: dict[tuple[str, int], frozenset[Scope]] = {}
        self._watchers: dict[Scope, set[tuple[str, int]]] = {}
        self._read_by: dict[Unit, tuple[Read, ...]] = {}
        self._readers: dict[Read, dict[Unit, None]] = {}
        self._failures: dict[Unit, str] = {}
        self._unplanned: set[Unplanned] = set()  # since these were last taken
        self.plans: dict[str, Desired] = {}

    @property
    def facts(self) -> Facts:
        """What is observed, as it is planned with."""
        return self._facts

    def problem(self, node_id: str) -> str | None:
        """What of a node could not be planned, or None."""
        found = next((text for unit, text in self._failures.items() if unit[0] == node_id), None)
        if found is None and any(self.plans[node_id].conflicts()):
            return "two parts of the plan want different entries for one key"
        return found

    def unplanned(self) -> frozenset[Unplanned]:
        """Everything that could not be planned."""
        conflicts = ((node_id, key) for node_id, plan in self.plans.items() for key in plan.conflicts())
        return frozenset([*self._failures, *conflicts])

    def take_unplanned(self) -> frozenset[Unplanned]:
        """What could not be planned since this was last asked, and still cannot."""
        found, self._unplanned = self._unplanned, set()
        return frozenset(found & self.unplanned()) if found else frozenset()

    def add(self, node_id: str) -> set[Key]:
        """Plans a node from the beginning; returns the keys that are different from its plan before."""
        before = self.plans.get(node_id, Desired()).entries
        self.remove(node_id)
        self.plans[node_id] = Desired()
        work: dict[Unit, None] = {}
        for index in range(len(self._parts)):
            self._plan_scopes((node_id, index), work)
        for unit in work:
            self._plan_unit(unit)
        return _different(before, self.plans[node_id].entries)

    def remove(self, node_id: str) -> None:
        """Forgets a node."""
        if self.plans.pop(node_id, None) is None:
            return
        for unit in [unit for unit in self._read_by if unit[0] == node_id]:
            self._forget_reads(unit)
        for unit in [unit for unit in self._failures if unit[0] == node_id]:
            del self._failures[unit]
        for index in range(len(self._parts)):
            self._watch((node_id, index), frozenset())
            self._scopes.pop((node_id, index), None)

    def update(self, changes: Iterable[Change], facts: Facts | None = None) -> Changed:
        """Follows changes that the model has already, and other facts; returns the keys whose entries changed."""
        work: dict[Unit, None] = {}
        for change in changes:
            for read in touched(self._model, change):
                work |= self._readers.get(read, {})
            for version in (change.before, change.after):
                if version is not None:
                    work |= self._units_about(version)
        if facts is not None:
            for read in touched_by_moves(self._facts.mapping, facts.mapping):
                work |= self._readers.get(read, {})
            self._set_facts(facts)
        return self._plan(work)

    def replan(self, facts: Facts) -> Changed:
        """Plans everything from the beginning, with other facts."""
        self._set_facts(facts)
        before, self.plans = self.plans, {}
        for index in (self._scopes, self._watchers, self._read_by, self._readers, self._failures):
            index.clear()
        changed = {}
        for node_id, plan in before.items():
            self.add(node_id)
            changed[node_id] = _different(plan.entries, self.plans[node_id].entries)
        return changed

    def _set_facts(self, facts: Facts) -> None:
        self._facts = facts
        self._tracked_facts = replace(facts, mapping=TrackedMapping(facts.mapping, self._reads))

    def _plan(self, work: dict[Unit, None]) -> Changed:
        for unit in [unit for unit in work if unit[2] is None]:
            del work[unit]
            self._plan_scopes(unit[:2], work)
        changed: Changed = {}
        for unit in work:
            keys = self._plan_unit(unit)
            if keys:
                changed.setdefault(unit[0], set()).update(keys)
        return changed

    def _units_about(self, resource: Resource) -> dict[Unit, None]:
        subject = (type(resource), resource.id)
        watchers = (watcher for scope in self._scopes_of(resource) for watcher in self._watchers.get(scope, ()))
        return {(*watcher, subject): None for watcher in watchers}

    def _scopes_of(self, resource: Resource) -> Iterator[Scope]:
        yield Scope(type(resource), "id", resource.id)
        for name, key in self._model.group_keys(resource):
            yield Scope(type(resource), name, key)

    def _plan_scopes(self, watcher: tuple[str, int], work: dict[Unit, None]) -> None:
        """Finds the scopes of a part on a node; the members of those that came or went become work."""
        unit: Unit = (*watcher, None)
        before = self._scopes.get(watcher, frozenset())
        after = before
        try:
            node = self._model.hosts[watcher[0]]
            found = self._parts[watcher[1]].scopes(self._tracked, self._tracked_facts, node)
            after = frozenset(found)
            self._failures.pop(unit, None)
        except Exception as error:  # a plugin's mistake must not stop the others
            self._failed(unit, error)
        self._note_reads(unit)
        self._watch(watcher, after)
        for scope in before ^ after:
            for member in scope.members(self._model):
                work[(*watcher, (type(member), member.id))] = None

    def _plan_unit(self, unit: Unit) -> set[Key]:
        node_id, index, subject = unit
        assert subject is not None
        resource = self._model.get(*subject)
        scopes = self._scopes.get((node_id, index), frozenset())
        if resource is None or not any(scope in scopes for scope in self._scopes_of(resource)):
            self._forget_reads(unit)
            self._failures.pop(unit, None)
            return self._set(unit, {})
        try:
            wanted = self._wanted(self._parts[index], resource, self._model.hosts[node_id])
            self._failures.pop(unit, None)
        except Exception as error:  # a plugin's mistake must not stop the others
            self._failed(unit, error)
            return set()
        finally:
            self._note_reads(unit)
        return self._set(unit, wanted)

    def _set(self, unit: Unit, wanted: Mapping[Key, Action]) -> set[Key]:
        plan = self.plans[unit[0]]
        changed = plan.set(unit[1:], wanted)
        self._unplanned.update((unit[0], key) for key in plan.conflicts() if key in wanted)
        return changed

    def _wanted(self, part: Part, subject: Any, node: PhysicalHost) -> Mapping[Key, Action]:
        entries = part.entries(subject, self._tracked, self._tracked_facts, node)
        schema = self._schemas[node.program]
        return dict(packed(schema.encode(entry)) for entry in entries)

    def _failed(self, unit: Unit, error: Exception) -> None:
        expected = isinstance(error, ControllerError)
        self._unplanned.add(unit)
        self._failures[unit] = str(error) if expected else f"{type(error).__name__}: {error}"
        _log.error("plan_failed unit=%s error=%r", unit, str(error), exc_info=None if expected else error)

    def _watch(self, watcher: tuple[str, int], scopes: frozenset[Scope]) -> None:
        before = self._scopes.get(watcher, frozenset())
        for scope in before - scopes:
            watchers = self._watchers[scope]
            watchers.discard(watcher)
            if not watchers:
                del self._watchers[scope]
        for scope in scopes - before:
            self._watchers.setdefault(scope, set()).add(watcher)
        self._scopes[watcher] = scopes

    def _note_reads(self, unit: Unit) -> None:
        self._forget_reads(unit)
        reads = self._reads.take()
        self._read_by[unit] = reads
        for read in reads:
            self._readers.setdefault(read, {})[unit] = None

    def _forget_reads(self, unit: Unit) -> None:
        for read in self._read_by.pop(unit, ()):
            readers = self._readers[read]
            readers.pop(unit, None)
            if not readers:
                del self._readers[read]


def _different(before: Mapping[Key, Action], after: Mapping[Key, Action]) -> set[Key]:
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
