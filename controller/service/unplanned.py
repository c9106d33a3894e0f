"""What could not be planned: the commits that it belongs to stay pending until it can, and nothing else does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from controller.plan.planner import Planner, Unplanned


class UnplannedCommits:
    """Those who wait for what could not be planned."""

    def __init__(self) -> None:
        self._waiting: list[tuple[asyncio.Future[None], frozenset[Unplanned]]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def after(self, planner: Planner, futures: Sequence[asyncio.Future[None]]) -> list[asyncio.Future[None]]:
        """What to wait for after planning, besides the switches' `futures`; frees those whose turn has come."""
        open_now = planner.unplanned()
        still = []
        for future, wanted in self._waiting:
            if wanted & open_now:
                still.append((future, wanted))
            else:
                self._free(future, futures)
        self._waiting = still
        failed = planner.take_unplanned()
        if not failed:
            return []
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((future, failed))
        return [future]

    def _free(self, future: asyncio.Future[None], futures: Sequence[asyncio.Future[None]]) -> None:
        """Ends a wait when the switches hold what has been planned at last."""

        async def when_held() -> None:
            await asyncio.gather(*(asyncio.shield(other) for other in futures))
            if not future.done():
                future.set_result(None)

        task = asyncio.ensure_future(when_held())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
