"""The P4Runtime server: the service on an address, with or without TLS."""

import logging
from typing import Protocol

import grpc

from switch.engine.errors import BuildFailed, EngineError
from switch.p4runtime.decode import prepare
from switch.p4runtime.grpcio_server import GrpcioServer
from switch.p4runtime.h2_server import H2Server
from switch.p4runtime.service import P4RuntimeService
from switch.p4runtime.target import Target
from switch.p4runtime.timer import DigestTimer

LOG = logging.getLogger(__name__)
DEFAULT_ADDRESS = "127.0.0.1:9559"


class Transport(Protocol):
    """What carries requests to the service: plain HTTP/2, or grpcio."""

    address: str

    def start(self) -> None:
        """Starts serving."""
        ...

    def stop(self, grace: float) -> None:
        """Ends everything, waiting at most `grace` seconds for requests under way."""
        ...

    def wait(self) -> None:
        """Blocks until `stop`."""
        ...


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
        self._transport: Transport = _transport(self.service, address, credentials)
        self.address = self._transport.address
        self._timer = DigestTimer(self.service)

    def start(self) -> None:
        """Starts serving."""
        try:
            prepare()
        except EngineError as error:
            LOG.warning("decode slowly: %s", error)
        self._transport.start()
        self._timer.start()
        LOG.info("serve address=%s", self.address)

    def stop(self, grace: float = 0.5) -> None:
        """Ends all streams and RPCs, waiting at most `grace` seconds for those under way, and stops listening."""
        self._timer.stop()
        self._transport.stop(grace)

    def wait(self) -> None:
        """Blocks until `stop`."""
        self._transport.wait()


def _transport(service: P4RuntimeService, address: str, credentials: grpc.ServerCredentials | None) -> Transport:
    if credentials is None:
        try:
            return H2Server(service, address)
        except BuildFailed as error:
            LOG.warning("serve by grpcio, more slowly: %s", error)
    return GrpcioServer(service, address, credentials)
