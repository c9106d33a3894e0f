"""Actions: `p4.v1.Action` messages to the engine's action data, and back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from finsy.proto import p4i, p4r

from switch.p4runtime.bytestring import byte_count
from switch.p4runtime.errors import P4RuntimeError, denied, invalid
from switch.p4runtime.values import Value

SCOPE = p4i.ActionRef


@dataclass(frozen=True)
class Param:
    """One parameter of an action."""

    id: int
    name: str
    value: Value


class ActionCodec:
    """One action; `params` are in the engine's order."""

    def __init__(self, action_id: int, name: str, params: Sequence[Param]):
        self.id = action_id
        self.name = name
        self.params = tuple(params)
        self._by_id = {param.id: param for param in params}
        self.size = 0
        self._slices: list[tuple[int, int, int, Value]] = []
        for param in params:
            start, self.size = self.size, self.size + byte_count(param.value.width)
            self._slices.append((param.id, start, self.size, param.value))

    def encode_params(self, params: Iterable[p4r.Action.Param]) -> bytes:
        """The action data; raises errors that name the parameter."""
        given: dict[int, bytes] = {}
        for item in params:
            param = self._by_id.get(item.param_id)
            if param is None:
                raise invalid(f"there is no parameter {item.param_id}; parameters are {self._names()}")
            if param.id in given:
                raise invalid(f"parameter {param.name!r} is given twice")
            try:
                given[param.id] = param.value.encode(item.value)
            except P4RuntimeError as error:
                raise error.within(f"parameter {param.name!r}") from None
        if len(given) != len(self.params):
            missing = ", ".join(repr(param.name) for param in self.params if param.id not in given)
            raise invalid(f"missing parameter {missing}; parameters are {self._names()}")
        return b"".join(given[param.id] for param in self.params)

    def decode(self, data: bytes) -> p4r.Action:
        """The action with canonical parameter values."""
        action = p4r.Action()
        self.fill(action, data)
        return action

    def fill(self, action: p4r.Action, data: bytes) -> None:
        """Writes what `decode` gives into an empty message, which saves copies in large reads."""
        action.action_id = self.id
        for number, start, end, value in self._slices:
            action.params.add(param_id=number, value=value.decode(data[start:end]))

    def _names(self) -> str:
        return ", ".join(f"{param.id} {param.name!r}" for param in self.params) or "none"


class ActionSet:
    """The actions that a table or an action profile may use, with their scopes."""

    def __init__(self, codecs: Sequence[tuple[ActionCodec, int]]):
        self.by_id = {codec.id: codec for codec, _ in codecs}
        self.by_name = {codec.name: codec for codec, _ in codecs}
        self._scopes = {codec.id: scope for codec, scope in codecs}

    def encode(self, action: p4r.Action, *, default: bool = False) -> tuple[ActionCodec, bytes]:
        """The codec and data of an action, for an entry or (`default`) the default entry."""
        codec = self.by_id.get(action.action_id)
        if codec is None:
            raise invalid(f"action {action.action_id:#x} is not one of the table's; allowed are {self._names(default)}")
        forbidden = SCOPE.TABLE_ONLY if default else SCOPE.DEFAULT_ONLY
        if self._scopes[codec.id] == forbidden:
            use = "as the default action" if default else "in a table entry"
            raise denied(f"action {codec.name!r} may not be used {use}; allowed are {self._names(default)}")
        try:
            return codec, codec.encode_params(action.params)
        except P4RuntimeError as error:
            raise error.within(f"action {codec.name!r}") from None

    def scope(self, action_id: int) -> int:
        """P4Info's scope of an action of this set."""
        return self._scopes[action_id]

    def usable(self, action_id: int, *, default: bool) -> bool:
        """Whether an action of this set may be used in entries, or as the default."""
        return self._scopes.get(action_id) != (SCOPE.TABLE_ONLY if default else SCOPE.DEFAULT_ONLY)

    def _names(self, default: bool) -> str:
        allowed = [codec for codec in self.by_id.values() if self.usable(codec.id, default=default)]
        return ", ".join(f"{codec.name} ({codec.id:#x})" for codec in allowed) or "none"
