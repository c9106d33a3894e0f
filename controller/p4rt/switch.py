"""A switch reached over gRPC."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Any, Self

import grpc
from finsy.proto import p4i, p4r, p4r_grpc, rpc_code, rpc_status
from google.protobuf.wrappers_pb2 import StringValue

from controller.p4rt.errors import TableError
from controller.p4rt.program import Program
from controller.p4rt.stream import StreamReader

_CONFIG_TIMEOUT = 120.0  # seconds; a switch may compile the program to native code
_REQUEST_TIMEOUT = 30.0
_CONNECT_TIMEOUT = 10.0
_TAKEN_OVER = 3.0  # seconds
_CHANNEL = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.use_local_subchannel_pool", 1),  # so that a connection begun anew does not wait for an older one's backoff
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
]


class SwitchDevice:
    """A P4Runtime switch at an address such as `127.0.0.1:9559` or `unix:/run/s1.sock`.

    Used as an async context manager: it connects, becomes primary, and gives up both at the end.
    """

    def __init__(
        self,
        name: str,
        address: str,
        *,
        device_id: int = 1,
        election_id: int = 1,
        credentials: grpc.ChannelCredentials | None = None,
    ) -> None:
        self.name = name
        self.address = address
        self._device_id = device_id
        self._election_id = p4r.Uint128(low=election_id)
        self._credentials = credentials
        self._channel: grpc.aio.Channel | None = None

    async def __aenter__(self) -> Self:
        if self._credentials is None:
            self._channel = grpc.aio.insecure_channel(self.address, options=_CHANNEL)
        else:
            self._channel = grpc.aio.secure_channel(self.address, self._credentials, options=_CHANNEL)
        self._stub = p4r_grpc.P4RuntimeStub(self._channel)
        try:
            await asyncio.wait_for(self._become_primary_soon(), _CONNECT_TIMEOUT)
        except TimeoutError:
            await self._channel.close()
            raise TableError(f"{self.name}: no answer from {self.address} within {_CONNECT_TIMEOUT:.0f} s") from None
        except grpc.aio.AioRpcError as error:
            await self._channel.close()
            raise _refused(self.name, error, ()) from None
        self._reader = StreamReader(self._stream)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._reader.close()
        self._stream.cancel()
        if self._channel is not None:
            await self._channel.close()

    async def set_program(self, program: Program) -> bool:
        """Makes the switch run the program; does nothing when it runs it already.

        A switch that can keeps what still fits, and this is True; another (BMv2) begins with empty tables.
        """
        running = await self._running_cookie()
        if running == program.cookie:
            return True
        actions = p4r.SetForwardingPipelineConfigRequest
        if running is not None and await self._push(program, actions.RECONCILE_AND_COMMIT):
            return True
        await self._push(program, actions.VERIFY_AND_COMMIT)
        return False

    async def verify(self, program: Program) -> None:
        """TableError when the switch could not run the program; changes nothing."""
        await self._push(program, p4r.SetForwardingPipelineConfigRequest.VERIFY)

    async def runs(self, program: Program) -> bool:
        """Whether the switch runs the program; TableError when it does not answer."""
        return await self._running_cookie() == program.cookie

    async def answers(self, within: float) -> bool:
        """Whether the switch says anything, be it a refusal, within so many seconds."""
        try:
            await self._stub.Capabilities(p4r.CapabilitiesRequest(), timeout=within)
        except grpc.aio.AioRpcError as error:
            return error.code() not in (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAVAILABLE)
        return True

    async def ended(self) -> str:
        """Returns when the switch has closed the stream, or another controller has become primary; says which."""
        return await self._reader.ended()

    async def _push(self, program: Program, action: p4r.SetForwardingPipelineConfigRequest.Action.ValueType) -> bool:
        """False when the switch does not know the action."""
        config = p4r.ForwardingPipelineConfig(p4info=program.p4info, p4_device_config=program.blob)
        config.cookie.cookie = program.cookie
        request = p4r.SetForwardingPipelineConfigRequest(
            device_id=self._device_id,
            election_id=self._election_id,
            action=action,
            config=config,
        )
        try:
            await self._stub.SetForwardingPipelineConfig(request, timeout=_CONFIG_TIMEOUT)
            return True
        except grpc.aio.AioRpcError as error:
            reconciling = action == p4r.SetForwardingPipelineConfigRequest.RECONCILE_AND_COMMIT
            if reconciling and error.code() in (grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.UNKNOWN):
                return False  # UNKNOWN is what BMv2 says
            raise _refused(self.name, error, ()) from None

    async def write(self, updates: Sequence[p4r.Update]) -> None:
        """Carries out the updates in order; TableError names the first that was refused."""
        request = p4r.WriteRequest(device_id=self._device_id, election_id=self._election_id, updates=updates)
        try:
            await self._stub.Write(request, timeout=_REQUEST_TIMEOUT)
        except grpc.aio.AioRpcError as error:
            raise _refused(self.name, error, updates) from None

    async def read(self, entities: Sequence[p4r.Entity]) -> list[p4r.Entity]:
        """Reads entities, wildcards as P4Runtime has them."""
        request = p4r.ReadRequest(device_id=self._device_id, entities=entities)
        found: list[p4r.Entity] = []
        try:
            async for response in self._stub.Read(request, timeout=_REQUEST_TIMEOUT):
                found.extend(response.entities)
        except grpc.aio.AioRpcError as error:
            raise _refused(self.name, error, ()) from None
        return found

    async def explain(self, port: int, packet: bytes, *, live: bool = False) -> list[dict[str, Any]]:
        """What a packet would do that came in by `port` now: a document for each step, in order.

        Nothing is changed, unless `live` says that the packet is then let in.

        Only this project's switch can tell (method /p4vpc.v1.Switch/Explain); TableError for another.
        """
        assert self._channel is not None
        question = {"device_id": self._device_id, "port": port, "packet": packet.hex(), "live": live}
        ask = self._channel.unary_unary(
            "/p4vpc.v1.Switch/Explain",
            request_serializer=StringValue.SerializeToString,
            response_deserializer=StringValue.FromString,
        )
        try:
            answer = await ask(StringValue(value=json.dumps(question)), timeout=_CONFIG_TIMEOUT)
        except grpc.aio.AioRpcError as error:
            if error.code() == grpc.StatusCode.UNIMPLEMENTED:
                raise TableError(f"{self.name}: this switch cannot explain packets") from None
            raise _refused(self.name, error, ()) from None
        return json.loads(answer.value)["steps"]

    async def p4info(self) -> p4i.P4Info:
        """The P4Info of the program that the switch runs; TableError when it runs none."""
        config = await self._config(p4r.GetForwardingPipelineConfigRequest.P4INFO_AND_COOKIE)
        if config is None or not config.HasField("p4info"):
            raise TableError(f"{self.name}: the switch runs no program")
        return config.p4info

    def messages(self, kind: str) -> AsyncIterator[p4r.StreamMessageResponse]:
        """Messages of one kind that the switch sends on its own account (see `StreamReader`)."""
        return self._reader.messages(kind)

    async def send(self, message: p4r.StreamMessageRequest) -> None:
        """Sends a packet-out or an acknowledgement."""
        try:
            await self._stream.write(message)
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError) as error:
            raise TableError(f"{self.name}: the stream has ended ({error})") from None

    async def _become_primary_soon(self) -> None:
        """Tries again for a while when the election id is in use: a controller that was killed may hold it a moment."""
        deadline = asyncio.get_running_loop().time() + _TAKEN_OVER
        while True:
            try:
                return await self._become_primary()
            except grpc.aio.AioRpcError as error:
                taken = error.code() == grpc.StatusCode.INVALID_ARGUMENT
                if not taken or asyncio.get_running_loop().time() > deadline:
                    raise
            await asyncio.sleep(0.1)

    async def _become_primary(self) -> None:
        self._stream = self._stub.StreamChannel(wait_for_ready=True)
        claim = p4r.MasterArbitrationUpdate(device_id=self._device_id, election_id=self._election_id)
        await self._stream.write(p4r.StreamMessageRequest(arbitration=claim))
        answer = await self._stream.read()
        if not isinstance(answer, p4r.StreamMessageResponse) or not answer.HasField("arbitration"):
            raise TableError(f"{self.name}: the switch closed the stream at arbitration")
        if answer.arbitration.status.code != rpc_code.OK:
            raise TableError(f"{self.name}: another controller with a higher election id is primary")

    async def _running_cookie(self) -> int | None:
        config = await self._config(p4r.GetForwardingPipelineConfigRequest.COOKIE_ONLY)
        return config.cookie.cookie if config is not None and config.HasField("cookie") else None

    async def _config(
        self, what: p4r.GetForwardingPipelineConfigRequest.ResponseType.ValueType
    ) -> p4r.ForwardingPipelineConfig | None:
        request = p4r.GetForwardingPipelineConfigRequest(device_id=self._device_id, response_type=what)
        try:
            answer = await self._stub.GetForwardingPipelineConfig(request, timeout=_REQUEST_TIMEOUT)
        except grpc.aio.AioRpcError as error:
            if error.code() == grpc.StatusCode.FAILED_PRECONDITION:
                return None
            raise _refused(self.name, error, ()) from None
        return answer.config


def _refused(name: str, error: grpc.aio.AioRpcError, updates: Sequence[p4r.Update]) -> TableError:
    """The words of the switch, with those of the first update that failed where it says which."""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin" and isinstance(value, bytes):
            for index, detail in enumerate(rpc_status.Status.FromString(value).details):
                reason = p4r.Error()
                if detail.Unpack(reason) and reason.canonical_code != rpc_code.OK:
                    where = f" in update {index + 1} of {len(updates)}" if updates else ""
                    return TableError(f"{name}: {reason.message or 'refused'}{where}")
    return TableError(f"{name}: {error.code().name}: {error.details()}")
