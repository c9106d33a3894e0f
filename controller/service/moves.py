"""Moves of interfaces between hosts, as commits bring them about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from controller.model import Change, Model, NetworkInterface
from controller.plan.mapping import MappingPlan, Move, Phase


def moves_in(changes: Iterable[Change], model: Model, *, phase: Phase = "prepare") -> list[Move]:
    """The interfaces that changes take from one host to another; the first of several changes has the old."""
    first: dict[str, NetworkInterface] = {}
    for change in changes:
        if isinstance(change.before, NetworkInterface) and change.before.host_id:
            first.setdefault(change.before.id, change.before)
    found = []
    for eni_id, before in first.items():
        now = model.network_interfaces.get(eni_id)
        here = before.host_id in model.hosts
        if now is not None and now.host_id and now.host_id != before.host_id and here:
            found.append(Move(eni_id, before.host_id, before.port, phase))
    return found


def with_moves(plan: MappingPlan, model: Model, begun: Iterable[Move] = ()) -> MappingPlan:
    """The plan with the moves that still make sense, and those that begin.

    An interface that moves again while it moves is still where the first move took it from, or already where it took
    it to; from there it goes on.
    """
    moves = {move.eni_id: move for move in plan.moves}
    for move in begun:
        before = moves.get(move.eni_id)
        moves[move.eni_id] = move if before is None or before.phase != "prepare" else replace(before, phase=move.phase)
    return replace(plan, moves=tuple(move for move in moves.values() if _makes_sense(move, model)))


def in_phase(plan: MappingPlan, eni_ids: Iterable[str], phase: Phase) -> MappingPlan:
    """The plan with these moves in another phase."""
    ids = set(eni_ids)
    return replace(plan, moves=tuple(replace(m, phase=phase) if m.eni_id in ids else m for m in plan.moves))


def without(plan: MappingPlan, moves: Iterable[Move]) -> MappingPlan:
    """The plan without moves that are over; one that has begun again since then stays."""
    over = {(move.eni_id, move.old_host_id) for move in moves}
    kept = tuple(m for m in plan.moves if (m.eni_id, m.old_host_id) not in over or m.phase != "announced")
    return replace(plan, moves=kept)


def _makes_sense(move: Move, model: Model) -> bool:
    eni = model.network_interfaces.get(move.eni_id)
    return eni is not None and eni.host_id not in ("", move.old_host_id) and move.old_host_id in model.hosts
