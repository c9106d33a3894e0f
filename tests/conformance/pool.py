"""Runs a function over many items in worker processes that may hang or crash."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_CONTEXT = multiprocessing.get_context("fork")


@dataclass
class Failure:
    """Why an item has no result: "takes longer than ...", "crashed ..."."""

    reason: str


@dataclass
class _Worker(Generic[T]):
    process: BaseProcess
    pipe: Connection
    item: T | None = None
    deadline: float = 0.0

    def stop(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


def run(
    work: Callable[[T], R], items: Sequence[T], *, processes: int, seconds: float
) -> Iterator[tuple[T, R | Failure]]:
    """Pairs of item and result, as they come; `seconds` is the limit for one item."""
    waiting = list(reversed(items))
    workers: list[_Worker[T]] = [_start(work) for _ in range(min(processes, len(items)))]
    try:
        while waiting or any(worker.item is not None for worker in workers):
            for worker in workers:
                if worker.item is None and waiting:
                    worker.item, worker.deadline = waiting.pop(), time.monotonic() + seconds
                    worker.pipe.send(worker.item)
            busy = [worker for worker in workers if worker.item is not None]
            ready = wait([worker.pipe for worker in busy], timeout=0.2)
            for worker in busy:
                outcome = _collect(worker, ready=worker.pipe in ready, seconds=seconds)
                if outcome is None:
                    continue
                assert worker.item is not None
                yield worker.item, outcome[0]
                worker.item = None
                if isinstance(outcome[0], Failure):
                    worker.stop()
                    workers[workers.index(worker)] = _start(work)
    finally:
        for worker in workers:
            worker.stop()


def _collect(worker: _Worker[T], *, ready: bool, seconds: float) -> tuple[Any] | None:
    """The worker's result or Failure, in a tuple; None if there is none yet."""
    if ready:
        try:
            return (worker.pipe.recv(),)
        except EOFError:
            worker.process.join()
            return (Failure(f"crashed with exit code {worker.process.exitcode}"),)
    if time.monotonic() > worker.deadline:
        return (Failure(f"takes longer than {seconds:.0f} s"),)
    return None


def _start(work: Callable[[T], R]) -> _Worker[T]:
    ours, theirs = _CONTEXT.Pipe()
    process = _CONTEXT.Process(target=_serve, args=(work, theirs, ours), daemon=True)
    process.start()
    theirs.close()
    return _Worker(process, ours)


def _serve(work: Callable[[T], R], pipe: Connection, other: Connection) -> None:
    other.close()
    while True:
        try:
            item = pipe.recv()
        except EOFError:
            return
        pipe.send(work(item))
