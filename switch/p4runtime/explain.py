"""Explanations over gRPC: what `Explainer` says, as JSON in a google.protobuf.StringValue.

The method is /p4vpc.v1.Switch/Explain. The question is {"device_id": 1, "port": 16, "packet": "hexadecimal"}, and the
answer {"steps": [...]}. It changes nothing, so whoever may read may ask. With "live": true the packet is also let in,
behind the explanation, as if it had come in by that port.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from typing import Any

from google.protobuf.wrappers_pb2 import StringValue

from switch.engine.errors import BuildFailed, EngineError
from switch.engine.explain import Explainer, Kind, Step
from switch.p4runtime.errors import exhausted, invalid, precondition, unimplemented
from switch.p4runtime.target import Injectable, Target

METHOD = "/p4vpc.v1.Switch/Explain"
MAX_PACKET = 65535
MAX_PORT = 511


class Explanations:
    """Answers questions about packets of whichever engine runs now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._explainer: Explainer | None = None

    def answer(self, question: StringValue, target: Target) -> StringValue:
        """The explanation; the target's engine must not be replaced meanwhile."""
        wanted, port, packet, live = _read(question)
        engine = target.engine
        if wanted != target.device_id:
            raise invalid(f"device_id {wanted} is not this device, which is {target.device_id}")
        if engine is None:
            raise precondition("the switch runs no program")
        if live and not isinstance(target, Injectable):
            raise unimplemented("no packet can be let in by a port here")
        with self._lock:
            if self._explainer is None or self._explainer.engine is not engine:
                self._explainer = Explainer(engine)
            explainer = self._explainer
        try:
            steps = explainer.explain(port, packet)
        except (BuildFailed, EngineError) as error:
            raise exhausted(str(error)) from None
        if live and isinstance(target, Injectable):
            target.inject(port, packet)
        return StringValue(value=json.dumps({"steps": documents(steps)}))


def documents(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """A document for each step; bytes as hexadecimal text."""
    return [_document(step) for step in steps]


def _read(question: StringValue) -> tuple[int, int, bytes, bool]:
    try:
        document = json.loads(question.value)
        device_id, port = document["device_id"], document["port"]
        packet = bytes.fromhex(document["packet"])
    except (ValueError, KeyError, TypeError) as error:
        message = 'the question is not {"device_id": number, "port": number, "packet": hexadecimal text}'
        raise invalid(f"{message}: {error!r}") from None
    live = document.get("live", False)
    if type(device_id) is not int or type(port) is not int or type(live) is not bool or not 0 <= port <= MAX_PORT:
        raise invalid(f"device_id is a number, port one from 0 to {MAX_PORT}, and live true or false")
    if len(packet) > MAX_PACKET:
        raise invalid(f"a packet has at most {MAX_PACKET} bytes, not {len(packet)}")
    return device_id, port, packet, live


def _document(step: Step) -> dict[str, Any]:
    kind = step.kind.name.lower()
    if step.kind is Kind.TABLE:
        return {
            "kind": kind,
            "name": step.name,
            "key": step.key.hex(),
            "hit": step.handle is not None,
            "action": step.action,
            "data": step.data.hex(),
        }
    if step.kind is Kind.COUNT:
        return {"kind": kind, "name": step.name, "number": step.number}
    if step.kind is Kind.OUT:
        return {"kind": kind, "number": step.number, "packet": step.packet.hex()}
    return {"kind": kind, "number": step.number}
