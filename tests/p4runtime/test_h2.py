"""The plain HTTP/2 server: what grpcio's client never sends, slow readers, many clients, and order."""

import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import grpc
import pytest
from finsy.proto import p4r, p4r_grpc

from switch.p4runtime.h2_server import H2Server
from switch.p4runtime.server import P4RuntimeServer

from .fuzz_h2 import HEADERS, PREFACE, SETTINGS, attack, frame, random_frame
from .test_server import WAIT, Session
from .world import INSERT, FakeTarget, World


@pytest.fixture
def target() -> FakeTarget:
    return FakeTarget()


@pytest.fixture
def server(target: FakeTarget) -> Iterator[P4RuntimeServer]:
    server = P4RuntimeServer(target, "127.0.0.1:0")
    assert isinstance(server._transport, H2Server)
    server.start()
    yield server
    server.stop()


def connect(server: P4RuntimeServer) -> socket.socket:
    host, _, port = server.address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=WAIT)


def answers(server: P4RuntimeServer) -> bool:
    with grpc.insecure_channel(server.address) as channel:
        return bool(p4r_grpc.P4RuntimeStub(channel).Capabilities(p4r.CapabilitiesRequest(), timeout=WAIT))


HUGE_FRAME = PREFACE + SETTINGS + b"\xff\xff\xff\0\0\0\0\0\x01" + bytes(1 << 20)
HEADER_FLOOD = PREFACE + SETTINGS + frame(1, 0, 1, HEADERS) + frame(9, 0, 1, b"\0\x01a\x01b" * 3000) * 200
RESET_FLOOD = (
    PREFACE + SETTINGS + b"".join(frame(1, 4, i, HEADERS) + frame(3, 0, i, bytes(4)) for i in range(1, 8001, 2))
)
PING_FLOOD = PREFACE + SETTINGS + frame(6, 0, 0, bytes(8)) * 20_000


@pytest.mark.parametrize(
    "flood", [HUGE_FRAME, HEADER_FLOOD, RESET_FLOOD, PING_FLOOD], ids=["huge", "headers", "resets", "pings"]
)
def test_floods_end_and_others_are_served(server: P4RuntimeServer, flood: bytes) -> None:
    attack(server.address, flood)
    assert answers(server)


@pytest.mark.parametrize("rubbish", [b"GET / HTTP/1.1\r\n\r\n", b"\0" * 100, PREFACE + b"\xff" * 200])
def test_a_client_that_speaks_something_else_is_cut_off_and_others_are_served(
    server: P4RuntimeServer, rubbish: bytes
) -> None:
    with connect(server) as client:
        client.sendall(rubbish)
        with suppress(ConnectionResetError):
            while client.recv(4096):
                pass
    assert answers(server)


def test_random_frames_harm_nobody_else(server: P4RuntimeServer) -> None:
    rng = random.Random(7)
    for _ in range(200):
        frames = b"".join(random_frame(rng) for _ in range(rng.randrange(1, 12)))
        attack(server.address, frames)
    assert answers(server)


def test_unknown_methods_and_compressed_messages_are_unimplemented(server: P4RuntimeServer) -> None:
    with grpc.insecure_channel(server.address) as channel:
        with pytest.raises(grpc.RpcError, match="Method not found!"):
            channel.unary_unary("/p4.v1.P4Runtime/Nonsense")(b"", timeout=WAIT)
        stub = p4r_grpc.P4RuntimeStub(channel)
        large = p4r.WriteRequest(role="r" * 10_000)
        with pytest.raises(grpc.RpcError, match="compressed messages are not taken"):
            stub.Write(large, timeout=WAIT, compression=grpc.Compression.Gzip)
    assert answers(server)


def test_what_a_client_does_not_read_is_dropped_and_elections_still_come(
    server: P4RuntimeServer, target: FakeTarget
) -> None:
    with grpc.insecure_channel(server.address) as channel:
        session = Session(channel)
        assert session.arbitrate(1).status.code == 0
        session.push()
        for _ in range(3000):
            target.packet_in(b"\0\x05" + bytes(65_000))
        session.requests.put(
            p4r.StreamMessageRequest(
                arbitration=p4r.MasterArbitrationUpdate(device_id=1, election_id=p4r.Uint128(low=2))
            )
        )
        kinds = [message.WhichOneof("update") for message in until_arbitration(session)]
        session.requests.put(None)
    assert 0 < kinds.count("packet") < 3000
    assert kinds[-1] == "arbitration"


def until_arbitration(session: Session) -> Iterator[p4r.StreamMessageResponse]:
    time.sleep(0.5)
    for message in session.responses:
        yield message
        if message.WhichOneof("update") == "arbitration":
            return


def test_many_clients_write_at_once(server: P4RuntimeServer) -> None:
    names = World(load=False)
    with grpc.insecure_channel(server.address) as channel:
        session = Session(channel)
        session.arbitrate(1)
        session.push()

        def write(first: int) -> None:
            with grpc.insecure_channel(server.address, options=[("grpc.use_local_subchannel_pool", 1)]) as own:
                stub = p4r_grpc.P4RuntimeStub(own)
                for number in range(first, first + 100, 10):
                    batch = range(number, number + 10)
                    entries = [names.entry("smac", names.action("NoAction"), mac=i.to_bytes(6, "big")) for i in batch]
                    stub.Write(names.request(*[(INSERT, entry) for entry in entries]), timeout=WAIT)

        threads = [threading.Thread(target=write, args=(first,)) for first in range(0, 800, 100)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        query = p4r.Entity(table_entry=p4r.TableEntry(table_id=names.id("tables", "smac")))
        parts = session.stub.Read(p4r.ReadRequest(device_id=1, entities=[query]), timeout=WAIT)
        assert sum(len(part.entities) for part in parts) == 800
        session.requests.put(None)


def test_a_busy_service_keeps_the_messages_of_a_stream_in_order(server: P4RuntimeServer, target: FakeTarget) -> None:
    with grpc.insecure_channel(server.address) as channel:
        session = Session(channel)
        session.arbitrate(1)
        session.push()
        with server.service._state:
            for number in range(50):
                packet = p4r.PacketOut(payload=bytes([number]))
                packet.metadata.add(metadata_id=1, value=b"\x01")
                session.requests.put(p4r.StreamMessageRequest(packet=packet))
            time.sleep(0.1)
        answer = session.arbitrate(3)
        session.requests.put(None)
    assert answer.status.code == 0
    assert [data[-1] for data in target.sent] == list(range(50))
