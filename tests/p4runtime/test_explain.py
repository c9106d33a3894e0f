"""Explanations over gRPC, by both transports."""

from __future__ import annotations

import json
from collections.abc import Iterator
from queue import SimpleQueue

import grpc
import pytest
from finsy.proto import p4r, p4r_grpc
from google.protobuf.wrappers_pb2 import StringValue

from switch.engine.errors import BuildFailed
from switch.p4runtime import h2_library
from switch.p4runtime.server import P4RuntimeServer

from .world import NativeTarget, SetConfig, config

WAIT = 60


def without_nghttp2() -> None:
    """As on a machine without it."""
    raise BuildFailed("nghttp2/nghttp2.h: No such file or directory")


@pytest.fixture(params=["http2", "grpcio"])
def channel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[grpc.Channel]:
    """A channel to a switch that runs nothing yet."""
    if request.param == "grpcio":
        monkeypatch.setattr(h2_library, "library", without_nghttp2)
    server = P4RuntimeServer(NativeTarget(), "127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(server.address) as channel:
        yield channel
    server.stop()


def load(channel: grpc.Channel) -> None:
    """Gives the switch its program."""
    stub, mine = p4r_grpc.P4RuntimeStub(channel), p4r.Uint128(low=1)
    claim = p4r.MasterArbitrationUpdate(device_id=1, election_id=mine)
    requests: SimpleQueue[p4r.StreamMessageRequest | None] = SimpleQueue()
    requests.put(p4r.StreamMessageRequest(arbitration=claim))
    stream = stub.StreamChannel(iter(requests.get, None), timeout=WAIT)
    next(stream)
    push = SetConfig(device_id=1, election_id=mine, action=SetConfig.VERIFY_AND_COMMIT, config=config())
    stub.SetForwardingPipelineConfig(push, timeout=WAIT)
    requests.put(None)


def ask(channel: grpc.Channel, question: object) -> list[dict]:
    """The steps of the answer."""
    method = channel.unary_unary(
        "/p4vpc.v1.Switch/Explain",
        request_serializer=StringValue.SerializeToString,
        response_deserializer=StringValue.FromString,
    )
    text = question if isinstance(question, str) else json.dumps(question)
    return json.loads(method(StringValue(value=text), timeout=WAIT).value)["steps"]


def test_the_steps_of_a_packet_are_told(channel: grpc.Channel) -> None:
    load(channel)

    steps = ask(channel, {"device_id": 1, "port": 1, "packet": bytes(64).hex()})

    assert steps[0] == {"kind": "ingress", "number": 1}
    assert {step["kind"] for step in steps} & {"dropped", "out"}


def test_without_a_program_there_is_nothing_to_explain(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        ask(channel, {"device_id": 1, "port": 1, "packet": ""})

    assert caught.value.code() == grpc.StatusCode.FAILED_PRECONDITION


@pytest.mark.parametrize(
    "question",
    [
        "{",
        "[]",
        {"device_id": 1},
        {"device_id": 1, "port": "x", "packet": ""},
        {"device_id": 1, "port": 512, "packet": ""},
        {"device_id": 1, "port": 1, "packet": "zz"},
        {"device_id": 1, "port": 1, "packet": "00" * 65536},
        {"device_id": 1, "port": 1, "packet": "00", "live": 1},
        {"device_id": 2, "port": 1, "packet": "00"},
    ],
)
def test_a_question_that_makes_no_sense_is_an_invalid_argument(channel: grpc.Channel, question: object) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        ask(channel, question)

    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
