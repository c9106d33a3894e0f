"""The body of an action: primitives in a row, with jumps to labels that are resolved at the end."""

from __future__ import annotations

from dataclasses import dataclass, field

from switch.p4c.bmv2.values import Json, hexstr, primitive

JUMP, JUMP_IF_ZERO = "_jump", "_jump_if_zero"
OFFSET_BITS = 32


@dataclass(eq=False)
class Label:
    """A place in the code."""


@dataclass
class _Step:
    call: Json
    target: Label | None = None  # of a jump
    labels: list[Label] = field(default_factory=list)  # that stand in front of it


class Code:
    """Collects steps; `finish` gives the JSON."""

    def __init__(self) -> None:
        self._steps: list[_Step] = []
        self._waiting: list[Label] = []
        self.reachable = True

    def add(self, call: Json) -> None:
        """Appends a primitive."""
        self._append(_Step(call))

    def jump(self, target: Label) -> None:
        """Goes on at the label; what follows is reachable through labels only."""
        self._append(_Step(primitive(JUMP), target))
        self.reachable = False

    def jump_if_zero(self, condition: Json, target: Label) -> None:
        """Goes on at the label if the condition (data, as a parameter) is 0."""
        self._append(_Step(primitive(JUMP_IF_ZERO, condition), target))

    def place(self, label: Label) -> None:
        """The label stands in front of the next step."""
        self._waiting.append(label)
        self.reachable = True

    def _append(self, step: _Step) -> None:
        if self.reachable:
            step.labels, self._waiting = self._waiting, []
            self._steps.append(step)

    def finish(self) -> list[Json]:
        """The primitives, jumps resolved; chains of jumps are shortened and jumps to the next step left out."""
        end = _Step(primitive("end"), labels=self._waiting)
        steps = [*self._steps, end]
        _thread_jumps(steps)
        while len(shorter := _without_idle_jumps(steps)) < len(steps):
            steps = shorter
        position = {label: index for index, step in enumerate(steps) for label in step.labels}
        for step in steps[:-1]:
            if step.target is not None:
                step.call["parameters"].append(hexstr(position[step.target], OFFSET_BITS))
        return [step.call for step in steps[:-1]]


def _thread_jumps(steps: list[_Step]) -> None:
    """Lets jumps that lead to a jump go to where that one goes."""
    at = {label: step for step in steps for label in step.labels}
    for step in steps:
        seen: set[Label] = set()
        while step.target is not None and step.target not in seen:
            seen.add(step.target)
            hop = at[step.target]
            if hop.call["op"] != JUMP or hop.target is None:
                break
            step.target = hop.target


def _without_idle_jumps(steps: list[_Step]) -> list[_Step]:
    """The steps without jumps to the next one."""
    kept: list[_Step] = []
    carried: list[Label] = []
    for index, step in enumerate(steps):
        step.labels = carried + step.labels
        carried = []
        if step.target is not None and step.target in steps[index + 1].labels:
            carried = step.labels
        else:
            kept.append(step)
    return kept
