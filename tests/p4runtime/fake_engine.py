"""The engine's API over plain dictionaries, for tests that need no packets."""

import struct

from switch.engine.errors import EngineError, NoSuchEntry
from switch.engine.program import Program
from switch.engine.values import ActionCall, OpKind, TableOp
from switch.p4runtime.shadow import ShadowEngine, ShadowTable

_HEAD = struct.Struct("<BBiB")


class FakeTable(ShadowTable):
    """A shadow table that also takes packed operations, in a format of its own."""

    def pack(self, op: TableOp) -> bytes:
        index = self.spec.action_index(op.action.action) if isinstance(op.action, ActionCall) else 255
        data = op.action.data if isinstance(op.action, ActionCall) else b""
        return _HEAD.pack(op.kind.value, index, op.priority, op.mask is not None) + op.key + (op.mask or b"") + data

    def write_packed(self, ops: bytes, count: int) -> list[int | EngineError]:
        results: list[int | EngineError] = []
        offset, size = 0, self.spec.key_bytes
        for _ in range(count):
            kind, index, priority, masked = _HEAD.unpack_from(ops, offset)
            offset += _HEAD.size
            key, offset = ops[offset : offset + size], offset + size
            mask, offset = (ops[offset : offset + size], offset + size) if masked else (None, offset)
            call = None
            if index != 255:
                action = self.spec.actions[index]
                call = ActionCall(action.name, ops[offset : offset + action.data_bytes])
                offset += action.data_bytes
            results.append(self._one(TableOp(OpKind(kind), key, mask, priority, call)))
        assert offset == len(ops)
        return results

    def _one(self, op: TableOp) -> int | EngineError:
        try:
            if op.kind is OpKind.INSERT and op.action is not None:
                return self.insert(op.key, op.mask, op.priority, op.action)
            handle = self.find(op.key, op.mask, op.priority)
            if handle is None:
                raise NoSuchEntry("no such entry")
            if op.kind is OpKind.MODIFY and op.action is not None:
                self.modify(handle, op.action, op.idle_timeout_ns)
            else:
                self.delete(handle)
        except EngineError as error:
            return error
        return handle


class FakeEngine(ShadowEngine):
    """Everything of a program in dictionaries."""

    def __init__(self, program: Program):
        super().__init__(program)
        self.tables = {name: FakeTable(spec) for name, spec in program.tables.items()}
