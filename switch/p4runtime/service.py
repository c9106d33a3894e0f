"""The P4Runtime service without gRPC: requests in, responses out, errors as exceptions.

The gRPC server and the in-process lab call the same methods. All of them may be called from any thread.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator

from finsy.proto import p4r
from google.protobuf.wrappers_pb2 import StringValue

from switch.engine.errors import EngineError
from switch.engine.values import Digest, Event, IdleTimeout
from switch.p4runtime.arbitration import Arbiter, Notice
from switch.p4runtime.configure import Configurator, verify
from switch.p4runtime.engine_errors import engine_call
from switch.p4runtime.errors import P4RuntimeError, denied, invalid, not_found, precondition
from switch.p4runtime.explain import Explanations
from switch.p4runtime.pipeline import Pipeline
from switch.p4runtime.reading import read_chunks
from switch.p4runtime.roles import Access
from switch.p4runtime.streams import Send, Stream
from switch.p4runtime.table_read import key_message
from switch.p4runtime.target import Target
from switch.p4runtime.write import write

LOG = logging.getLogger(__name__)
API_VERSION = "1.4.1"
_NO_PIPELINE = "No forwarding pipeline config set for this device"
_TYPES = p4r.GetForwardingPipelineConfigRequest


class P4RuntimeService:
    """P4Runtime for one target. `clock` gives nanoseconds since the epoch; a lab may pass its virtual one."""

    def __init__(
        self,
        target: Target,
        *,
        clock: Callable[[], int] = time.time_ns,
        cpu_port: int | None = None,
        max_clients: int = 64,
    ):
        self._target = target
        self._clock = clock
        self._config = Configurator(target, cpu_port)
        self._state = threading.RLock()
        self._sessions = threading.RLock()
        self._arbiter = Arbiter(target.device_id, max_clients)
        self._streams: dict[int, Stream] = {}
        self._explanations = Explanations()
        self._wake: Callable[[], None] = lambda: None
        target.subscribe(self._packet_in, self._event)

    @property
    def pipeline(self) -> Pipeline | None:
        """What reads and writes mean now: the saved configuration, or the running one."""
        return self._config.current

    # Unary RPCs --------------------------------------------------------------------------------------------------

    def write(self, request: p4r.WriteRequest, raw: bytes | None = None) -> p4r.WriteResponse:
        """The Write RPC; `raw` is the serialized request, which saves time when it is at hand."""
        self._check_device(request.device_id)
        with self._state:
            access = self._authorize(request.role, request)
            pipeline = self._pipeline()
            try:
                write(pipeline, request, access, self._target, raw)
            except P4RuntimeError as error:
                self._note(request, error)
                raise
            self._note(request, None)
        return p4r.WriteResponse()

    def busy(self) -> bool:
        """Whether a request that has started makes others wait; what it says may be over a moment later."""
        free = self._state.acquire(blocking=False)
        if free:
            self._state.release()
        return not free

    def read(self, request: p4r.ReadRequest) -> Iterator[p4r.ReadResponse]:
        """The Read RPC: everything is read before the first response is given."""
        self._check_device(request.device_id)
        with self._state:
            pipeline = self._pipeline()
            with self._sessions:
                access = self._arbiter.role_access(request.role)
            chunks = list(read_chunks(pipeline, request, access))
        for chunk in chunks:
            if isinstance(chunk, P4RuntimeError):
                raise chunk
            yield chunk

    def explain(self, question: StringValue) -> StringValue:
        """What a packet would do that came in now, table by table (see `switch.p4runtime.explain`)."""
        with self._state:
            return self._explanations.answer(question, self._target)

    def set_pipeline(self, request: p4r.SetForwardingPipelineConfigRequest) -> p4r.SetForwardingPipelineConfigResponse:
        """The SetForwardingPipelineConfig RPC. Compiling is done before the state is locked."""
        self._check_device(request.device_id)
        self._check_push(request)
        verified = verify(request, self._target)
        with self._state:
            self._check_push(request)
            self._config.set(request.action, verified)
        LOG.info("pipeline action=%s", p4r.SetForwardingPipelineConfigRequest.Action.Name(request.action))
        return p4r.SetForwardingPipelineConfigResponse()

    def get_pipeline(self, request: p4r.GetForwardingPipelineConfigRequest) -> p4r.GetForwardingPipelineConfigResponse:
        """The GetForwardingPipelineConfig RPC; the config is unset while there is none."""
        self._check_device(request.device_id)
        if request.response_type not in _TYPES.ResponseType.values():
            raise invalid(f"response_type {request.response_type} is not known")
        response = p4r.GetForwardingPipelineConfigResponse()
        pipeline = self._config.current
        if pipeline is None:
            return response
        config, stored = response.config, pipeline.config
        config.SetInParent()
        if request.response_type in (_TYPES.ALL, _TYPES.P4INFO_AND_COOKIE):
            config.p4info.CopyFrom(stored.p4info)
        if request.response_type in (_TYPES.ALL, _TYPES.DEVICE_CONFIG_AND_COOKIE):
            config.p4_device_config = stored.p4_device_config
        if stored.HasField("cookie"):
            config.cookie.CopyFrom(stored.cookie)
        return response

    def capabilities(self, request: p4r.CapabilitiesRequest) -> p4r.CapabilitiesResponse:
        """The Capabilities RPC."""
        if request.device_id:
            self._check_device(request.device_id)
        return p4r.CapabilitiesResponse(p4runtime_api_version=API_VERSION)

    # Streams -----------------------------------------------------------------------------------------------------

    def open_stream(self, send: Send, label: str = "") -> Stream:
        """A new stream; `send` gets every response, and must neither block nor raise."""
        stream = Stream(self, send, label)
        with self._sessions:
            self._streams[id(stream.client)] = stream
        return stream

    def arbitrate(self, stream: Stream, message: p4r.MasterArbitrationUpdate) -> None:
        """Elects; waits for writes that have started. An error means that the stream must end."""
        with self._state, self._sessions:
            before = self._arbiter.primaries()
            self._deliver(self._arbiter.update(stream.client, message))
            if self._arbiter.primaries() != before:
                self._forget_digests()

    def leave(self, stream: Stream) -> None:
        """Forgets a stream."""
        with self._sessions:
            self._streams.pop(id(stream.client), None)
            self._deliver(self._arbiter.leave(stream.client))

    def is_primary(self, stream: Stream) -> bool:
        """Whether the stream is primary of its role."""
        with self._sessions:
            return self._arbiter.is_primary(stream.client)

    def packet_out(self, packet: p4r.PacketOut) -> None:
        """Injects a packet-out."""
        data = self._running().bindings.packet_out.pack(packet)
        with engine_call("packet_out"):
            self._target.packet_out(data)

    def acknowledge(self, ack: p4r.DigestListAck) -> None:
        """Takes a digest acknowledgement."""
        self._running().digest(ack.digest_id).acknowledge(ack.list_id)

    def roles(self) -> list[str]:
        """One line for each role, to show."""
        with self._sessions:
            return [
                f"role={state.name!r} clients={len(state.clients)} highest={state.highest}"
                f" primary={state.primary.label if state.primary else None}"
                for state in self._arbiter.describe()
            ]

    # Notifications -----------------------------------------------------------------------------------------------

    def poll(self) -> None:
        """Sends the digest lists whose time has come; call it when `deadline` has passed."""
        now, pipeline = self._clock(), self._config.running
        for digest in pipeline.digests.values() if pipeline is not None else ():
            message = digest.due(now)
            if message is not None:
                self._notify(p4r.StreamMessageResponse(digest=message), message.digest_id)

    def deadline(self) -> int | None:
        """When `poll` will have something to do, on the service's clock."""
        pipeline = self._config.running
        times = [d.deadline() for d in pipeline.digests.values()] if pipeline is not None else []
        return min((t for t in times if t is not None), default=None)

    def until_deadline(self) -> float | None:
        """Seconds until `deadline`, None while there is none."""
        deadline = self.deadline()
        return None if deadline is None else max(0, deadline - self._clock()) / 1e9

    def on_deadline(self, wake: Callable[[], None]) -> None:
        """Sets what is called when `deadline` may have become earlier."""
        self._wake = wake

    def _packet_in(self, data: bytes) -> None:
        pipeline = self._config.running
        packet = pipeline.bindings.packet_in.unpack(data) if pipeline is not None else None
        if packet is None:
            return
        response = p4r.StreamMessageResponse(packet=packet)
        with self._sessions:
            for client, access in self._arbiter.primaries():
                if access.wants_packet(packet):
                    self._streams[id(client)].send(response)

    def _event(self, event: Event) -> None:
        pipeline = self._config.running
        if pipeline is None:
            return
        if isinstance(event, Digest):
            self._digest(pipeline, event)
        elif isinstance(event, IdleTimeout):
            self._idle(pipeline, event)
        else:
            LOG.debug("log text=%s", event.text)

    def _digest(self, pipeline: Pipeline, event: Digest) -> None:
        digest = pipeline.digests_by_name.get(event.name)
        if digest is None:
            return
        message = digest.add(event.numbers(), self._clock())
        if message is not None:
            self._notify(p4r.StreamMessageResponse(digest=message), message.digest_id)
        else:
            self._wake()

    def _idle(self, pipeline: Pipeline, event: IdleTimeout) -> None:
        state = pipeline.tables_by_name.get(event.table)
        if state is None:
            return
        try:
            entry = key_message(state, state.table.entry(event.handle))
        except EngineError:
            return  # deleted meanwhile
        notification = p4r.IdleTimeoutNotification(table_entry=[entry], timestamp=self._clock())
        self._notify(p4r.StreamMessageResponse(idle_timeout_notification=notification), state.binding.id)

    def _notify(self, response: p4r.StreamMessageResponse, object_id: int) -> None:
        with self._sessions:
            for client, access in self._arbiter.primaries():
                if access.allows_id(object_id):
                    self._streams[id(client)].send(response)

    # Helpers -----------------------------------------------------------------------------------------------------

    def _deliver(self, notices: list[Notice]) -> None:
        for client, notice in notices:
            stream = self._streams.get(id(client))
            if stream is not None:
                stream.send(p4r.StreamMessageResponse(arbitration=notice))

    def _forget_digests(self) -> None:
        pipeline = self._config.running
        for digest in pipeline.digests.values() if pipeline is not None else ():
            digest.forget_sent()

    def _check_device(self, device_id: int) -> None:
        if device_id != self._target.device_id:
            raise not_found(f"device id {device_id} is not known; this switch is device {self._target.device_id}")

    def _authorize(self, role: str, request: p4r.WriteRequest | p4r.SetForwardingPipelineConfigRequest) -> Access:
        with self._sessions:
            return self._arbiter.authorize(role, request.election_id)

    def _check_push(self, request: p4r.SetForwardingPipelineConfigRequest) -> None:
        if not self._authorize(request.role, request).may_push:
            raise denied(f"role {request.role!r} may not push a pipeline (can_push_pipeline)")

    def _pipeline(self) -> Pipeline:
        pipeline = self._config.current
        if pipeline is None:
            raise precondition(_NO_PIPELINE)
        return pipeline

    def _running(self) -> Pipeline:
        if self._config.running is None:
            raise precondition(_NO_PIPELINE)
        return self._config.running

    def _note(self, request: p4r.WriteRequest, error: P4RuntimeError | None) -> None:
        if self._config.saved is None:
            return
        if error is None:
            self._config.note(list(request.updates))
        elif request.atomicity == p4r.WriteRequest.CONTINUE_ON_ERROR and error.details:
            good = [u for u, d in zip(request.updates, error.details, strict=True) if not d.canonical_code]
            self._config.note(good)
