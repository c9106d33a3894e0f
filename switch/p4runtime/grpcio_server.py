"""P4Runtime over grpcio, which knows TLS; a request passes several threads on its way."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import grpc
from finsy.proto import p4r
from google.protobuf.message import DecodeError, Message
from google.protobuf.wrappers_pb2 import StringValue

from switch.p4runtime.errors import P4RuntimeError, invalid
from switch.p4runtime.explain import METHOD as EXPLAIN
from switch.p4runtime.outbox import Outbox
from switch.p4runtime.service import P4RuntimeService
from switch.p4runtime.wire_status import internal, wire_status

MAX_WORKERS = 256
_OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_metadata_size", 1 << 20),
    ("grpc.so_reuseport", 0),
]
_STATUS = {code.value[0]: code for code in grpc.StatusCode}
M = TypeVar("M", bound=Message)


class GrpcioServer:
    """Serves `service` on `address`; `credentials` come from `grpc.ssl_server_credentials`, without them no TLS.

    Raises OSError when the address cannot be bound.
    """

    def __init__(self, service: P4RuntimeService, address: str, credentials: grpc.ServerCredentials | None):
        self._pool = ThreadPoolExecutor(MAX_WORKERS, thread_name_prefix="p4runtime")
        self._server = grpc.server(
            self._pool, handlers=[_Handlers(service).generic(), _Handlers(service).explaining()], options=_OPTIONS
        )
        self.address = _listen(self._server, address, credentials)

    def start(self) -> None:
        """Starts serving."""
        self._server.start()

    def stop(self, grace: float) -> None:
        """Ends all streams and RPCs, waiting at most `grace` seconds for those under way, and stops listening."""
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

    def explaining(self) -> grpc.GenericRpcHandler:
        """The method beside P4Runtime's."""
        handler = grpc.unary_unary_rpc_method_handler(_unary(self._service.explain), _parser(StringValue), _serialize)
        service, _, name = EXPLAIN.removeprefix("/").partition("/")
        return grpc.method_handlers_generic_handler(service, {name: handler})

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
            outbox.fail(internal(error))
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


def _abort(context: grpc.ServicerContext, error: Exception) -> None:
    if not context.is_active():
        return
    status = wire_status(error)
    if status.details:
        context.set_trailing_metadata((("grpc-status-details-bin", status.details),))
    context.abort(_STATUS[status.code], status.message)
