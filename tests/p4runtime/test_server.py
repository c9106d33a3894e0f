"""The gRPC server: codes and details on the wire, streams, sockets, TLS, and clients that send rubbish."""

import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import grpc
import pytest
from finsy.proto import p4r, p4r_grpc, rpc_status

from switch.engine.errors import BuildFailed
from switch.engine.values import Digest
from switch.p4runtime import h2_library
from switch.p4runtime.server import P4RuntimeServer

from .world import INSERT, MODIFY, FakeTarget, SetConfig, World, config, entity

WAIT = 10


class Session:
    """A blocking client with one stream."""

    def __init__(self, channel: grpc.Channel):
        self.stub = p4r_grpc.P4RuntimeStub(channel)
        self.requests: SimpleQueue[p4r.StreamMessageRequest | None] = SimpleQueue()
        self.responses = self.stub.StreamChannel(iter(self.requests.get, None), timeout=WAIT)

    def arbitrate(self, election_id: int, device_id: int = 1) -> p4r.MasterArbitrationUpdate:
        update = p4r.MasterArbitrationUpdate(device_id=device_id, election_id=p4r.Uint128(low=election_id))
        self.requests.put(p4r.StreamMessageRequest(arbitration=update))
        return next(self.responses).arbitration

    def push(self) -> None:
        self.stub.SetForwardingPipelineConfig(
            SetConfig(device_id=1, election_id=p4r.Uint128(low=1), action=SetConfig.VERIFY_AND_COMMIT, config=config())
        )


def without_nghttp2() -> None:
    raise BuildFailed("nghttp2/nghttp2.h: No such file or directory")


@pytest.fixture
def target() -> FakeTarget:
    return FakeTarget()


@pytest.fixture(params=["http2", "grpcio"])
def server(
    target: FakeTarget, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[P4RuntimeServer]:
    if request.param == "grpcio":
        monkeypatch.setattr(h2_library, "library", without_nghttp2)
    server = P4RuntimeServer(target, "127.0.0.1:0")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def session(server: P4RuntimeServer) -> Iterator[Session]:
    with grpc.insecure_channel(server.address) as channel:
        session = Session(channel)
        assert session.arbitrate(1).status.code == 0
        yield session
        session.requests.put(None)


def test_a_whole_session(session: Session, target: FakeTarget) -> None:
    session.push()
    names = World(load=False)
    entry = names.entry("route", names.action("drop"), dst=(b"\x0a\0\0\0", 8))
    session.stub.Write(names.request((INSERT, entry)))
    query = p4r.ReadRequest(device_id=1, entities=[entity(p4r.TableEntry(table_id=entry.table_id))])
    assert [e.table_entry for response in session.stub.Read(query) for e in response.entities] == [entry]
    target.packet_in(b"\0\x05payload")
    assert next(session.responses).packet.payload == b"payload"


def test_errors_carry_code_words_and_details(session: Session) -> None:
    session.push()
    names = World(load=False)
    good = names.entry("route", names.action("drop"), dst=(b"\x0a\0\0\0", 8))
    with pytest.raises(grpc.RpcError) as caught:
        session.stub.Write(names.request((INSERT, good), (INSERT, good)))
    assert caught.value.code() is grpc.StatusCode.UNKNOWN
    metadata: list[Any] = list(caught.value.trailing_metadata())
    packed = next(value for key, value in metadata if key == "grpc-status-details-bin")
    status = rpc_status.Status.FromString(packed)
    assert status.code == 2
    assert status.message == caught.value.details()
    errors = [p4r.Error(), p4r.Error()]
    assert all(detail.Unpack(error) for detail, error in zip(status.details, errors, strict=True))
    assert [error.canonical_code for error in errors] == [0, 6]


def test_details_too_large_for_clients_are_left_out(session: Session) -> None:
    session.push()
    names = World(load=False)
    entry = names.entry("route", names.action("drop"), dst=(b"\x0a\0\0\0", 8))
    with pytest.raises(grpc.RpcError) as caught:
        session.stub.Write(names.request(*[(INSERT, entry)] * 3000))
    assert caught.value.code() is grpc.StatusCode.UNKNOWN
    assert "2999 of 3000 failed; the first is number 1: table 'route': entry" in str(caught.value.details())


def test_a_bad_arbitration_ends_the_stream_with_its_code(session: Session, server: P4RuntimeServer) -> None:
    with grpc.insecure_channel(server.address) as channel:
        second = Session(channel)
        with pytest.raises(grpc.RpcError) as caught:
            second.arbitrate(1)
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        third = Session(channel)
        with pytest.raises(grpc.RpcError) as caught:
            third.arbitrate(2, device_id=8)
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_a_primary_that_vanishes_is_noticed(server: P4RuntimeServer) -> None:
    with grpc.insecure_channel(server.address) as backup_channel:
        channel = grpc.insecure_channel(server.address)
        first, backup = Session(channel), Session(backup_channel)
        assert first.arbitrate(2).status.code == 0
        assert backup.arbitrate(1).status.code == 6
        channel.close()
        assert next(backup.responses).arbitration.status.code == 5
        assert backup.arbitrate(2).status.code == 0
        backup.requests.put(None)


def test_digest_lists_come_in_time(session: Session, target: FakeTarget) -> None:
    session.push()
    names = World(load=False)
    digest = p4r.DigestEntry(digest_id=names.id("digests", "learn_t"))
    digest.config.max_timeout_ns = 20_000_000
    session.stub.Write(names.request((INSERT, digest)))
    target.event(Digest("learn_t", 1, (b"\0\0\0\0\0\x07", b"\0\x01")))
    assert next(session.responses).digest.data[0].struct.members[0].bitstring == b"\x07"


@pytest.mark.parametrize("method", ["Write", "Read", "SetForwardingPipelineConfig", "StreamChannel"])
def test_bytes_that_are_no_message_are_invalid(server: P4RuntimeServer, method: str) -> None:
    with grpc.insecure_channel(server.address) as channel:
        call = channel.stream_stream(f"/p4.v1.P4Runtime/{method}")
        with pytest.raises(grpc.RpcError) as caught:
            list(call(iter([b"\xff\xff\xff"]), timeout=WAIT))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_messages_larger_than_grpc_s_default_are_taken(session: Session) -> None:
    session.push()
    names = World(load=False)
    update = (MODIFY, p4r.MulticastGroupEntry(multicast_group_id=9, metadata=bytes(6_000_000)))
    with pytest.raises(grpc.RpcError, match="it does not exist"):
        session.stub.Write(names.request(update))


def test_an_address_in_use_is_an_error_in_plain_words(server: P4RuntimeServer) -> None:
    with pytest.raises(OSError, match=f"cannot listen on {server.address}: the address is in use"):
        P4RuntimeServer(FakeTarget(), server.address)


def test_a_unix_socket(tmp_path: Path) -> None:
    server = P4RuntimeServer(FakeTarget(), f"unix:{tmp_path}/p4runtime.sock")
    server.start()
    with grpc.insecure_channel(server.address) as channel:
        assert Session(channel).arbitrate(1).status.code == 0
    server.stop()
    assert not list(tmp_path.iterdir())


def test_stopping_ends_streams_and_threads(target: FakeTarget) -> None:
    before = threading.active_count()
    server = P4RuntimeServer(target, "127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(server.address) as channel:
        session = Session(channel)
        session.arbitrate(1)
        server.stop(grace=0.1)
        with pytest.raises(grpc.RpcError):
            next(session.responses)
        session.requests.put(None)
    deadline = time.monotonic() + WAIT
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("p4runtime")] == []


def certificate(directory: Path, name: str, *signer: str) -> tuple[bytes, bytes]:
    key, cert = directory / f"{name}.key", directory / f"{name}.pem"
    base = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-days", "2"]
    subprocess.run([*base, "-keyout", key, "-out", cert, *names, *signer], check=True, capture_output=True)
    return key.read_bytes(), cert.read_bytes()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_mutual_tls_lets_in_who_has_a_certificate(tmp_path: Path) -> None:
    key, cert = certificate(tmp_path, "server")
    client_key, client_cert = certificate(tmp_path, "client")
    credentials = grpc.ssl_server_credentials([(key, cert)], root_certificates=client_cert, require_client_auth=True)
    server = P4RuntimeServer(FakeTarget(), "127.0.0.1:0", credentials=credentials)
    server.start()
    with grpc.secure_channel(server.address, grpc.ssl_channel_credentials(cert, client_key, client_cert)) as channel:
        assert Session(channel).arbitrate(1).status.code == 0
    with grpc.secure_channel(server.address, grpc.ssl_channel_credentials(cert)) as channel:
        stub = p4r_grpc.P4RuntimeStub(channel)
        with pytest.raises(grpc.RpcError):
            stub.Capabilities(p4r.CapabilitiesRequest(), timeout=WAIT)
    server.stop()
