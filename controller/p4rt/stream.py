"""What a switch tells on its own account: packets, digests, idle timeouts, changes of who is primary."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator

import grpc
from finsy.proto import p4r, rpc_code

_GOODBYE = 2.0  # seconds that a switch gets to end its side
_QUEUE = 4096  # messages that wait for a slow reader; more are dropped and counted


class StreamReader:
    """Reads a P4Runtime stream and hands each message to those who wait for its kind."""

    def __init__(self, stream: grpc.aio.StreamStreamCall) -> None:
        self._stream = stream
        self._queues: defaultdict[str, set[asyncio.Queue[p4r.StreamMessageResponse | None]]] = defaultdict(set)
        self._task = asyncio.create_task(self._read())
        self.dropped = 0

    async def messages(self, kind: str) -> AsyncIterator[p4r.StreamMessageResponse]:
        """Messages of one kind until the end: packet, digest, idle_timeout_notification, arbitration or error."""
        queue: asyncio.Queue[p4r.StreamMessageResponse | None] = asyncio.Queue(_QUEUE)
        self._queues[kind].add(queue)
        try:
            while not self._task.done():
                message = await queue.get()
                if message is None:
                    return
                yield message
        finally:
            self._queues[kind].discard(queue)

    async def ended(self) -> str:
        """Returns at the stream's end, or when another controller is primary; says which."""
        arbitration = asyncio.create_task(self._replaced())
        await asyncio.wait({self._task, arbitration}, return_when=asyncio.FIRST_COMPLETED)
        arbitration.cancel()
        return "the switch closed the stream" if self._task.done() else "another controller is primary"

    async def _replaced(self) -> None:
        async for message in self.messages("arbitration"):
            if message.arbitration.status.code != rpc_code.OK:
                return
        await asyncio.Event().wait()  # the stream's end is the other task's to tell

    async def close(self) -> None:
        """Ends the stream, so that the switch knows before this returns; those who wait get to the end."""
        try:
            await self._stream.done_writing()
            await asyncio.wait_for(asyncio.shield(self._task), _GOODBYE)
        except (TimeoutError, grpc.RpcError, asyncio.InvalidStateError):
            self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _read(self) -> None:
        try:
            while True:
                message = await self._stream.read()
                if not isinstance(message, p4r.StreamMessageResponse):
                    return
                self._hand_out(message)
        except grpc.RpcError:
            return
        finally:
            for queue in [queue for queues in self._queues.values() for queue in queues]:
                if queue.full():
                    queue.get_nowait()
                queue.put_nowait(None)

    def _hand_out(self, message: p4r.StreamMessageResponse) -> None:
        for queue in self._queues[message.WhichOneof("update") or ""]:
            try:
                queue.put_nowait(message)
            except asyncio.QueueFull:
                self.dropped += 1
