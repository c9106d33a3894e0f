"""The gRPC server around P4RuntimeService: it only translates."""

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import grpc
from finsy.proto import p4r
from google.protobuf.message import DecodeError, Message

from switch.engine.errors import EngineError
from switch.p4runtime.decode import prepare
from switch.p4runtime.errors import Code, P4RuntimeError, invalid
from switch.p4runtime.outbox import Outbox
from switch.p4runtime.service import P4RuntimeService
from switch.p4runtime.target import Target
from switch.p4runtime.timer import DigestTimer

LOG = logging.getLogger(__name__)
DEFAULT_ADDRESS = "127.0.0.1:9559"
MAX_WORKERS = 256
# What clients take in a status: longer texts are cut, larger details left out (base64 makes them a third larger).
MAX_MESSAGE = 4096
MAX_DETAILS = 45_000
_OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_metadata_size", 1 << 20),
    ("grpc.so_reuseport", 0),
]
_STATUS = {code.value[0]: code for code in grpc.StatusCode}
M = TypeVar("M", bound=Message)


class P4RuntimeServer:
    """Serves one target on `address` (HOST:PORT, or unix:PATH); port 0 takes a free one, see `address` after `start`.

    `credentials` come from `grpc.ssl_server_credentials`; without them the server speaks plain HTTP/2. The constructor
    raises OSError when the address cannot be bound.
    """

    def __init__(
        self,
        target: Target,
        address: str = DEFAULT_ADDRESS,
        *,
        credentials: grpc.ServerCredentials | None = None,
        cpu_port: int | None = None,
    ):
        self.service = P4RuntimeService(target, cpu_port=cpu_port)
        self._pool = ThreadPoolExecutor(MAX_WORKERS, thread_name_prefix="p4runtime")
        self._server = grpc.server(self._pool, handlers=[_Handlers(self.service).generic()], options=_OPTIONS)
        self.address = _listen(self._server, address, credentials)
        self._timer = DigestTimer(self.service)

    def start(self) -> None:
        """Starts serving."""
        try:
            prepare()
        except EngineError as error:
            LOG.warning("decode slowly: %s", error)
        self._server.start()
        self._timer.start()
        LOG.info("serve address=%s", self.address)

    def stop(self, grace: float = 0.5) -> None:
        """Ends all streams and RPCs, waiting at most `grace` seconds for those under way, and stops listening."""
        self._timer.stop()
        self._server.stop(grace).wait()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def wait(self) -> None:
        """Blocks until `stop`."""
        self._server.wait_for_termination()


def _listen(server: grpc.Server, address: str, credentials: grpc.ServerCredentials | None) -> str:
    try:
        if credentials is None:
            port = server.add_insecure_port(address)
        else:
            port = server.add_secure_port(address, credentials)
    except RuntimeError as error:
        raise OSError(f"cannot listen on {address}: the address is in use or not one of this machine's") from error
    if address.startswith("unix"):
        return address
    return f"{address.rpartition(':')[0]}:{port}"


def _parser(kind: type[M]) -> Callable[[bytes], M | P4RuntimeError]:
    """Bytes that are no such message become an error that the handler raises, not gRPC's INTERNAL."""

    def parse(data: bytes) -> M | P4RuntimeError:
        try:
            return kind.FromString(data)
        except DecodeError:
            return invalid(f"the request is not a {kind.DESCRIPTOR.full_name}")

    return parse


class _Handlers:
    def __init__(self, service: P4RuntimeService):
        self._service = service

    def generic(self) -> grpc.GenericRpcHandler:
        service = self._service
        unary = {
            "SetForwardingPipelineConfig": (p4r.SetForwardingPipelineConfigRequest, service.set_pipeline),
            "GetForwardingPipelineConfig": (p4r.GetForwardingPipelineConfigRequest, service.get_pipeline),
            "Capabilities": (p4r.CapabilitiesRequest, service.capabilities),
        }
        handlers: dict[str, Any] = {
            name: grpc.unary_unary_rpc_method_handler(_unary(call), _parser(kind), _serialize)
            for name, (kind, call) in unary.items()
        }
        handlers["Write"] = grpc.unary_unary_rpc_method_handler(_unary(self._write), None, _serialize)
        handlers["Read"] = grpc.unary_stream_rpc_method_handler(self._read, _parser(p4r.ReadRequest), _serialize)
        parse = _parser(p4r.StreamMessageRequest)
        handlers["StreamChannel"] = grpc.stream_stream_rpc_method_handler(self._stream, parse, _serialize)
        return grpc.method_handlers_generic_handler("p4.v1.P4Runtime", handlers)

    def _write(self, raw: bytes) -> p4r.WriteResponse:
        request = _parser(p4r.WriteRequest)(raw)
        if isinstance(request, P4RuntimeError):
            raise request
        return self._service.write(request, raw)

    def _read(self, request: Any, context: grpc.ServicerContext) -> Iterator[p4r.ReadResponse]:
        try:
            if isinstance(request, P4RuntimeError):
                raise request
            yield from self._service.read(request)
        except Exception as error:
            _abort(context, error)

    def _stream(self, requests: Iterator[Any], context: grpc.ServicerContext) -> Iterator[p4r.StreamMessageResponse]:
        outbox = Outbox()
        stream = self._service.open_stream(outbox.put, context.peer())
        context.add_callback(outbox.close)
        reader = threading.Thread(target=_pump, args=(requests, stream.handle, outbox), daemon=True)
        reader.start()
        try:
            yield from outbox
            if outbox.error is not None:
                _abort(context, outbox.error)
        finally:
            stream.close()


def _pump(requests: Iterator[Any], handle: Callable[[Any], None], outbox: Outbox) -> None:
    """Hands a stream's requests over until it ends or one of them must end it."""
    try:
        for request in requests:
            if isinstance(request, P4RuntimeError):
                raise request
            handle(request)
    except P4RuntimeError as error:
        outbox.fail(error)
    except grpc.RpcError:
        pass  # the client is gone
    except Exception as error:
        if not outbox.closed:
            outbox.fail(_internal(error))
    outbox.close()


def _unary(call: Callable[[Any], Message]) -> Callable[[Any, grpc.ServicerContext], Message | None]:
    def handle(request: Any, context: grpc.ServicerContext) -> Message | None:
        try:
            if isinstance(request, P4RuntimeError):
                raise request
            return call(request)
        except Exception as error:
            return _abort(context, error)

    return handle


def _serialize(message: Message) -> bytes:
    return message.SerializeToString()


def _internal(error: Exception) -> P4RuntimeError:
    LOG.error("fail error=%s: %s", type(error).__name__, error, exc_info=LOG.isEnabledFor(logging.DEBUG))
    return P4RuntimeError(Code.INTERNAL, f"the server failed on this request: {type(error).__name__}: {error}")


def _abort(context: grpc.ServicerContext, error: Exception) -> None:
    if not context.is_active():
        return
    refused = error if isinstance(error, P4RuntimeError) else _internal(error)
    details = refused.status().SerializeToString() if refused.details else b""
    if details and len(details) <= MAX_DETAILS:
        context.set_trailing_metadata((("grpc-status-details-bin", details),))
    context.abort(_STATUS[int(refused.code)], refused.message[:MAX_MESSAGE])
