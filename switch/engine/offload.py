"""Which programs may see a super-packet whole, instead of the segments that it stands for.

With segmentation offload a host sends one frame of up to 64 KB; the kernel (or the device) cuts it up later. Each
segment then repeats its headers, with lengths, identification, sequence numbers, flags and checksums made right; the
checksum of TCP or UDP is not computed yet, its field holds the sum of the pseudo-header. A program may pass such a
frame through when what it does to one frame is what it would have done to each segment. That is so when

- it parses Ethernet, VLAN tags, IPv4 or IPv6, TCP or UDP by their type fields, and deparses what it parsed, in order:
  no header is added, removed, copied or skipped (so it does not encapsulate), and nothing is truncated or cloned
  (a clone session may truncate);
- it writes only what all segments repeat and no pending checksum covers: MAC addresses, VLAN tag control, IPv4's and
  IPv6's DSCP, ECN and hop count, and IPv4's header checksum, which cutting computes anew. So it rewrites no address,
  port or sequence number;
- it reads nothing that differs from segment to segment: no packet_length, length or identification, no transport
  checksum or sequence number, no payload. Verifying and updating IPv4's header checksum is fine: the header of a
  super-packet has a right one;
- it decides nothing by the number or rate of packets: no meters and registers. Counters only watch, and are fine; they
  count a super-packet as one packet, as Linux does.

Frames that are never super-packets, ARP and ICMP, may be read and written at will. The analysis looks at fields, not
at paths: it may refuse a program that would do no harm, but does not allow one that would.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum, auto

from .program import Program
from .program.actions import TARGETS, PrimitiveCall
from .program.expressions import FieldRef, HeaderRef, Lookahead, RegisterCell
from .program.externs import CalculationSpec, ChecksumSpec, Payload
from .program.headers import VALID_FIELD, HeaderSpec, HeaderType
from .program.parser import Advance, Extract, ParserSpec, ParseState, Set, Transition


class Role(Enum):
    """What a parsed header is."""

    ETHERNET = auto()
    VLAN = auto()
    IPV4 = auto()
    IPV6 = auto()
    TCP = auto()
    UDP = auto()
    OTHER = auto()  # never part of a super-packet
    UNKNOWN = auto()


@dataclass(frozen=True)
class Shape:
    """A role's header: size, the field that tells what follows, and the bits that may be read and written."""

    bits: int
    next_field: tuple[int, int]  # offset and width
    following: dict[int, Role]
    readable: tuple[range, ...]
    writable: tuple[range, ...]


_TYPES = {0x0800: Role.IPV4, 0x86DD: Role.IPV6, 0x8100: Role.VLAN, 0x88A8: Role.VLAN, 0x0806: Role.OTHER}
_PROTOCOLS = {6: Role.TCP, 17: Role.UDP, 1: Role.OTHER, 58: Role.OTHER}
_NOTHING: dict[int, Role] = {}
SHAPES = {
    Role.ETHERNET: Shape(112, (96, 16), _TYPES, (range(112),), (range(96),)),
    Role.VLAN: Shape(32, (16, 16), _TYPES, (range(32),), (range(16),)),
    # Not readable: total length, identification, checksum.
    Role.IPV4: Shape(
        160,
        (72, 8),
        _PROTOCOLS,
        (range(16), range(48, 80), range(96, 160)),
        (range(8, 16), range(64, 72), range(80, 96)),
    ),
    Role.IPV6: Shape(320, (48, 8), _PROTOCOLS, (range(32), range(48, 320)), (range(4, 12), range(56, 64))),
    Role.TCP: Shape(160, (0, 0), _NOTHING, (range(32), range(96, 112)), ()),  # ports, data offset, flags
    Role.UDP: Shape(64, (0, 0), _NOTHING, (range(32),), ()),  # ports
}
IPV4_CHECKSUM = range(80, 96)
# Primitives that change what the packet is made of, or that see each segment by itself.
FORBIDDEN = frozenset(
    (
        *("add_header", "add_header_fast", "remove_header", "push", "pop", "assign_union", "assign_header_stack"),
        *("assign_union_stack", "truncate", "clone_ingress_pkt_to_egress", "clone_egress_pkt_to_egress", "resubmit"),
        *("recirculate", "execute_meter", "register_read", "register_write"),
    )
)


class Obstacle(Exception):
    """Why a program needs segments."""


def obstacle(program: Program) -> str | None:
    """Why the program must see segments; None when super-packets may pass whole."""
    try:
        _Analysis(program).run()
    except Obstacle as found:
        return str(found)
    return None


class _Analysis:
    """Looks through one program; raises Obstacle."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._roles: dict[str, Role] = {}
        deparser = program.deparsers["deparser"]
        self._order = {header.name: index for index, header in enumerate(deparser.order)}
        self._length = program.intrinsic("standard_metadata.packet_length")

    def run(self) -> None:
        program = self._program
        parser = program.parsers["parser"]
        if len(self._order) != len(program.deparsers["deparser"].order):
            raise Obstacle("the deparser emits a header twice")
        if any(table.meter is not None for table in program.tables.values()):
            raise Obstacle("it has a direct meter")
        if parser.start is not None:
            self._walk(parser)
        for state in parser.states.values():
            self._state(state)
        for action in program.actions.values():
            for call in action.primitives:
                self._primitive(call)
        for call in program.deparsers["deparser"].primitives:
            self._primitive(call)
        for checksum in program.checksums:
            self._checksum(checksum)
        for pipeline in program.pipelines.values():
            for table in pipeline.tables.values():
                self._reads([key.field for key in table.keys])
            self._reads([node.condition for node in pipeline.conditionals.values()])
        self._reads([profile.selector.inputs for profile in program.action_profiles.values() if profile.selector])
        self._reads([digest.elements for digest in program.externs.digests.values()])

    # What the parsed headers are.

    def _walk(self, parser: ParserSpec) -> None:
        """Goes along all paths, with the header extracted last and the roles that may follow it."""
        assert parser.start is not None
        pending: list[tuple[str, int, Role]] = [(parser.start, -1, Role.ETHERNET)]
        seen = set(pending)
        while pending:
            name, last, role = pending.pop()
            state = parser.states[name]
            extracted: HeaderSpec | None = None
            for op in state.ops:
                if isinstance(op, Extract):
                    # A second header in one state follows whatever the first one says.
                    role = role if extracted is None else self._unnamed(role)
                    extracted, last = self._extract(op, last, role)
                    role = self._roles[extracted.name]
            for transition in state.transitions:
                expected = self._next_role(state, transition, role if last >= 0 else None, extracted)
                following = transition.next_state
                if following is not None and (following, last, expected) not in seen:
                    seen.add((following, last, expected))
                    pending.append((following, last, expected))

    def _extract(self, op: Extract, last: int, role: Role) -> tuple[HeaderSpec, int]:
        if not isinstance(op.target, HeaderRef):
            raise Obstacle("it parses a header stack or union")
        header = op.target.header
        index = self._order.get(header.name, -1)
        if index <= last:
            raise Obstacle(f"{header.name} is not deparsed as it was parsed")
        shape = SHAPES.get(role)
        if shape is not None and (header.type.varbit is not None or header.type.fixed_bits != shape.bits):
            role = Role.UNKNOWN
        if self._roles.setdefault(header.name, role) is not role:
            self._roles[header.name] = Role.UNKNOWN
        return header, index

    def _next_role(
        self, state: ParseState, transition: Transition, role: Role | None, extracted: HeaderSpec | None
    ) -> Role:
        """What a header is that is extracted after this transition; `role` is that of the last one, if there is one."""
        if role is None:
            return Role.ETHERNET
        shape = SHAPES.get(role)
        if shape is None or extracted is None or transition.value is None:
            return self._unnamed(role)
        at = 0
        for part in state.key:
            width = part.width if isinstance(part, Lookahead) else part.field.width
            size = (width + 7) // 8
            known = transition.mask is None or int.from_bytes(transition.mask[at : at + size]) == (1 << width) - 1
            value = int.from_bytes(transition.value[at : at + size])
            at += size
            if not isinstance(part, FieldRef) or part.header != HeaderRef(extracted):
                continue
            if known and _bits(extracted.type, part.field.name) == _span(*shape.next_field):
                return shape.following.get(value, Role.UNKNOWN)
        return Role.UNKNOWN

    def _unnamed(self, role: Role) -> Role:
        """What follows a header without a word about it."""
        return Role.OTHER if role is Role.OTHER else Role.UNKNOWN

    # What is read and written.

    def _state(self, state: ParseState) -> None:
        for op in state.ops:
            if isinstance(op, Advance):
                raise Obstacle("it skips bits of the packet")
            if isinstance(op, Set):
                self._write(op.target)
                self._reads(op.value)
            elif isinstance(op, PrimitiveCall):
                self._primitive(op)
            else:
                self._reads(op.length if isinstance(op, Extract) else (op.condition, op.error))
        self._reads(state.key)

    def _primitive(self, call: PrimitiveCall) -> None:
        if call.op in FORBIDDEN:
            raise Obstacle(f"it uses {call.op}")
        if call.op in ("assign_header", "copy_header"):
            for header in call.args:
                own = isinstance(header, HeaderRef) and header.header.metadata
                if not own or (self._length is not None and header == self._length.header):
                    raise Obstacle(f"it uses {call.op}")
            return
        if call.op == "mark_to_drop":
            return
        target = TARGETS.get(call.op)
        if target is not None:
            self._write(call.args[target])
        skipped = None if call.op in ("add_to_field", "subtract_from_field") else target
        self._reads([argument for index, argument in enumerate(call.args) if index != skipped])
        if call.op == "assign_VL":
            raise Obstacle("it writes a variable-length field")

    def _write(self, target: object) -> None:
        if not isinstance(target, FieldRef) or not isinstance(target.header, HeaderRef):
            raise Obstacle("it writes a register, stack or union")
        header = target.header.header
        if not header.metadata and not self._allowed(target, header, write=True):
            raise Obstacle(f"it writes {header.name}.{target.field.name}")

    def _reads(self, what: object) -> None:
        for found in _leaves(what):
            if isinstance(found, Lookahead | Payload | RegisterCell):
                raise Obstacle(f"it reads by {type(found).__name__}")
            if isinstance(found, HeaderSpec):
                for field in found.type.fields:
                    self._read(FieldRef(HeaderRef(found), field))
            elif isinstance(found, FieldRef):
                self._read(found)

    def _read(self, ref: FieldRef) -> None:
        if ref == self._length:
            raise Obstacle("it reads packet_length")
        if not isinstance(ref.header, HeaderRef):
            raise Obstacle("it reads a stack or union")
        header = ref.header.header
        if not header.metadata and ref.field.name != VALID_FIELD and not self._allowed(ref, header, write=False):
            raise Obstacle(f"it reads {header.name}.{ref.field.name}")

    def _allowed(self, ref: FieldRef, header: HeaderSpec, *, write: bool) -> bool:
        role = self._roles.get(header.name)
        if role is None or role is Role.OTHER:  # never extracted: never valid either, as no header is added
            return ref.field.name != VALID_FIELD
        shape, bits = SHAPES.get(role), _bits(header.type, ref.field.name)
        if shape is None or bits is None:
            return False
        ranges = shape.writable if write else shape.readable
        return any(bits.start >= known.start and bits.stop <= known.stop for known in ranges)

    def _checksum(self, checksum: ChecksumSpec) -> None:
        """Only the checksum of IPv4's header may be there, over fields of that header, or one of no super-packet's."""
        self._reads(checksum.condition)
        header = checksum.target.header
        name = header.header.name if isinstance(header, HeaderRef) else ""
        at = _bits(header.header.type, checksum.target.field.name) if isinstance(header, HeaderRef) else None
        inputs = [item for item in checksum.calculation.inputs if not _is_constant(item)]
        own_fields = all(isinstance(item, FieldRef) and item.header == header for item in inputs)
        if self._roles.get(name, Role.OTHER) is Role.OTHER and own_fields:
            return
        if self._roles.get(name) is not Role.IPV4 or at != IPV4_CHECKSUM or not own_fields:
            raise Obstacle(f"it computes the checksum {name}.{checksum.target.field.name}")


def _is_constant(item: object) -> bool:
    return not isinstance(item, FieldRef | HeaderSpec | Payload)


def _span(offset: int, width: int) -> range:
    return range(offset, offset + width)


def _bits(kind: HeaderType, name: str) -> range | None:
    """Where a field lies in a header without a variable-length field."""
    at = 0
    for field in kind.fields:
        if field.varbit:
            return None
        if field.name == name:
            return _span(at, field.width)
        at += field.width
    return None


def _leaves(what: object) -> Iterator[object]:
    """All fields, headers, lookaheads, payloads and register cells in an expression or a list of such things."""
    if isinstance(what, FieldRef | HeaderSpec | Lookahead | Payload | RegisterCell):
        yield what
    elif isinstance(what, HeaderRef):
        return  # whether it is valid is the same for all segments
    elif isinstance(what, CalculationSpec):
        yield from _leaves(what.inputs)
    elif isinstance(what, list | tuple):
        for item in what:
            yield from _leaves(item)
    elif is_dataclass(what) and not isinstance(what, type):
        for field in fields(what):
            yield from _leaves(getattr(what, field.name))
