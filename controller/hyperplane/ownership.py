"""Who owns a bucket: rows (resource, bucket) -> replicas, epoch, and the only ways in which a row may change.

    owner --> backup --> joiner        a new flow's first packet travels that chain and leaves at its end
    `------ complete ---'              may own; a joiner may only after it holds every record of the bucket

Pure functions from row to row. Each change of membership raises the epoch; that a joiner is complete does not.
"""

from collections.abc import Hashable, Iterable
from typing import NamedTuple

MOST_REPLICAS = 3


class OwnershipError(Exception):
    """A change that would lose records or break the order of epochs; the text says why."""


class Replica(NamedTuple):
    """A node since its last start: one that restarts has forgotten everything, and is another replica."""

    node: Hashable
    incarnation: int = 1


class Row(NamedTuple):
    """The replicas of one bucket: the first is the owner, the first `complete` ones hold every record.

    `seeded` of them did when the epoch began: they keep their records, all others begin it empty.
    `quiet` after every copy was lost: the owner decides nothing until the ports of forgotten flows are free again.
    """

    replicas: tuple[Replica, ...]
    complete: int
    epoch: int = 1
    quiet: bool = False
    seeded: int = 0

    @property
    def owner(self) -> Replica:
        """Who decides."""
        return self.replicas[0]

    @property
    def holders(self) -> tuple[Replica, ...]:
        """The replicas that hold every record."""
        return self.replicas[: self.complete]

    @property
    def joiners(self) -> tuple[Replica, ...]:
        """The replicas that are being filled."""
        return self.replicas[self.complete :]

    @property
    def redundant(self) -> bool:
        """Whether any one replica may fail without a loss."""
        return self.complete >= 2


def created(owner: Replica, backup: Replica) -> Row:
    """The row of a new bucket, which has no records yet."""
    _check_distinct((owner, backup))
    return Row((owner, backup), complete=2, seeded=0)


def joined(row: Row, newcomer: Replica) -> Row:
    """The newcomer becomes an extra backup, to be filled by the owner."""
    if len(row.replicas) >= MOST_REPLICAS:
        raise OwnershipError(f"the bucket has {MOST_REPLICAS} replicas already")
    return _next(row, row.holders, (*row.joiners, newcomer))


def completed(row: Row, epoch: int) -> Row:
    """The owner of `epoch` has seen every record acknowledged by every replica."""
    if epoch != row.epoch:
        raise OwnershipError(f"a report of epoch {epoch} comes too late: the row is at {row.epoch}")
    return row._replace(complete=len(row.replicas))


def failed(row: Row, lost: Replica, newcomer: Replica | None = None) -> Row:
    """Goes on without a replica; the next complete one owns the bucket. A newcomer takes the free place."""
    holders = tuple(replica for replica in row.holders if replica != lost)
    if not holders:
        raise OwnershipError("the last complete copy may not be given up; see `forgotten`")
    joiners = tuple(replica for replica in row.joiners if replica != lost)
    return _next(row, holders, joiners if newcomer is None else (*joiners, newcomer))


def moved(row: Row, owner: Replica, backup: Replica) -> Row:
    """A planned move (drain, rebalance, end of a join): both must be complete, all others are let go."""
    for replica in (owner, backup):
        if replica not in row.holders:
            raise OwnershipError(f"{replica.node} holds no complete copy of the bucket")
    return _next(row, (owner, backup), ())


def forgotten(row: Row, owner: Replica, backup: Replica) -> Row:
    """A fresh start after every complete copy was lost: quiet, while forgotten flows may still be alive."""
    if any(replica in row.holders for replica in (owner, backup)):
        raise OwnershipError("a complete copy is still there")
    return _next(row, (owner, backup), ())._replace(seeded=0, quiet=True)


def rested(row: Row) -> Row:
    """The flows that were forgotten are over: no owner has to keep quiet any more."""
    return row._replace(quiet=False)


def _next(row: Row, holders: Iterable[Replica], joiners: Iterable[Replica]) -> Row:
    first = tuple(holders)
    replicas = (*first, *joiners)
    _check_distinct(replicas)
    # A quiet bucket stays quiet for its next owner too: it cannot know how long the last one has waited.
    return Row(replicas, len(first), row.epoch + 1, row.quiet, seeded=len(first))


def _check_distinct(replicas: tuple[Replica, ...]) -> None:
    nodes = [replica.node for replica in replicas]
    if len(set(nodes)) != len(nodes):
        raise OwnershipError(f"a node cannot be two replicas of a bucket: {nodes}")
