"""The buckets of a resource over its nodes: who owns what at first, and what join, drain, failure and restart change.

Pure functions from a table of rows to the next one. All of them change only the rows that they must, and leave the
rest equal, epoch included.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping

from controller.hyperplane.ownership import (
    MOST_REPLICAS,
    OwnershipError,
    Replica,
    Row,
    created,
    failed,
    forgotten,
    joined,
    moved,
)

Rows = Mapping[int, Row]


def spread(nodes: Iterable[Replica], buckets: int) -> dict[int, Row]:
    """Rows for a new resource: every node owns as many buckets as the others, give or take one."""
    members = list(nodes)
    if len(members) < 2:
        raise OwnershipError("a resource needs two nodes: no flow may be known to one alone")
    rows = {}
    for bucket in range(buckets):
        place = bucket % len(members)
        # The backup's distance changes from round to round, so that a failed node's buckets go to many others.
        step = 1 + bucket // len(members) % (len(members) - 1)
        rows[bucket] = created(members[place], members[(place + step) % len(members)])
    return rows


def after_failure(rows: Rows, lost: Replica, candidates: Iterable[Replica]) -> dict[int, Row]:
    """A node is lost (or suspected): backups take over, and the candidates with the least to do become joiners.

    The same serves a restart: the lost replica is the old incarnation, and the new one is among the candidates. Where
    the last complete copy is lost, two candidates begin anew, quietly.
    """
    load, pool = _load(rows), [replica for replica in candidates if replica != lost]
    after = dict(rows)
    for bucket, row in rows.items():
        if lost not in row.replicas:
            continue
        nodes = {replica.node for replica in row.replicas if replica != lost}
        chosen = sorted((r for r in pool if r.node not in nodes), key=lambda r: (load[r.node], str(r.node)))
        if row.holders == (lost,):
            if len(pool) < 2:
                raise OwnershipError(f"bucket {bucket} is lost, and there are no two nodes to begin anew")
            fresh = sorted(pool, key=lambda r: (load[r.node], str(r.node)))[:2]
            after[bucket] = forgotten(row, fresh[0], fresh[1])
            load.update(replica.node for replica in fresh)
        else:
            newcomer = chosen[0] if chosen else None
            after[bucket] = failed(row, lost, newcomer)
            load.update([] if newcomer is None else [newcomer.node])
    return after


def draining(rows: Rows, leaver: Replica, candidates: Iterable[Replica]) -> dict[int, Row]:
    """The next step of a drain, to be repeated until nothing changes: a joiner for each bucket, then away.

    The node goes on owning what nobody else holds completely; so nothing is lost however long the joiners take.
    """
    load, pool = _load(rows), [replica for replica in candidates if replica.node != leaver.node]
    after = dict(rows)
    for bucket, row in rows.items():
        if leaver not in row.replicas:
            continue
        staying = [replica for replica in row.holders if replica != leaver]
        if len(staying) >= 2:
            after[bucket] = moved(row, staying[0], staying[1])
        elif leaver in row.joiners:
            after[bucket] = failed(row, leaver)
        elif not row.joiners and len(row.replicas) < MOST_REPLICAS:
            members = {replica.node for replica in row.replicas}
            free = sorted((r for r in pool if r.node not in members), key=lambda r: (load[r.node], str(r.node)))
            if free:
                after[bucket] = joined(row, free[0])
                load[free[0].node] += 1
    return after


def joining(rows: Rows, newcomer: Replica) -> dict[int, Row]:
    """The next step of a join, to be repeated: the newcomer gets its share of the buckets, and owns half of that."""
    after = dict(rows)
    nodes = {replica.node for row in rows.values() for replica in row.replicas} | {newcomer.node}
    share = len(rows) * 2 // len(nodes)
    has = sum(newcomer in row.replicas for row in rows.values())
    owned = sum(row.owner == newcomer for row in rows.values())
    for bucket, row in sorted(rows.items(), key=lambda item: -_load(rows)[item[1].owner.node]):
        if newcomer in row.holders and row.redundant and len(row.replicas) == MOST_REPLICAS:
            other = next(replica for replica in row.holders if replica != newcomer)
            if owned < share // 2 and row.owner != newcomer:
                after[bucket], owned = moved(row, newcomer, other), owned + 1
            else:
                after[bucket] = moved(row, row.owner, newcomer if row.owner != newcomer else other)
        elif newcomer.node not in {r.node for r in row.replicas} and len(row.replicas) < MOST_REPLICAS and has < share:
            after[bucket], has = joined(row, newcomer), has + 1
    return after


def owned(rows: Rows) -> Counter[Hashable]:
    """How many buckets each node owns."""
    return Counter(row.owner.node for row in rows.values())


def exposed(rows: Rows) -> list[int]:
    """The buckets that one more failure would lose."""
    return [bucket for bucket, row in rows.items() if not row.redundant]


def _load(rows: Rows) -> Counter[Hashable]:
    return Counter(replica.node for row in rows.values() for replica in row.replicas)
