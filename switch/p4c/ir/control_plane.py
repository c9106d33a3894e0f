"""What the control plane sees, and the program as a whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from switch.p4c.ir.stmts import Stmt
from switch.p4c.source import NOWHERE, Span

if TYPE_CHECKING:
    from switch.p4c.ir.exprs import Const, Expr, FieldRef, HeaderRef, LValue
    from switch.p4c.ir.parser import ParserState, ValueSet
    from switch.p4c.ir.storage import Header, HeaderDef, HeaderStack, HeaderUnion, UnionStack
    from switch.p4c.tree import Annotation
    from switch.p4c.typesys import Type


# `name` is the fully qualified control-plane name without a leading dot; `annotations` include @name, @id, @hidden ...;
# doc is the /** */ text.


@dataclass
class ActionParam:
    """A directionless parameter."""

    name: str
    width: int
    signed: bool
    type: Type  # with new types and enums kept, for P4Info
    annotations: list[Annotation] = field(default_factory=list)


@dataclass
class Action:
    """called_only: no table uses it, it is inlined where it is called, and only P4Info shows it, without parameters
    (body may be left empty, but P4Info looks into it for calls of extern functions).

    `name` is unique. Where tables give an action different directed arguments there is one for each; `shown` is then
    the control-plane name that they share, and empty otherwise.
    """

    name: str
    params: list[ActionParam]
    body: list[Stmt]
    annotations: list[Annotation] = field(default_factory=list)
    doc: str = ""
    span: Span = NOWHERE
    called_only: bool = False
    shown: str = ""


@dataclass
class Key:
    """match_kind: exact, lpm, ternary, range, optional, selector; expr is a field (others are assigned to one before
    the apply) or IsValid; name is the control plane's."""

    expr: Expr
    match_kind: str
    name: str
    type: Type
    annotations: list[Annotation] = field(default_factory=list)


@dataclass
class ActionUse:
    """An action in a table's list; args are set for a default action or entry: constants, one per ActionParam."""

    action: str
    args: list[Const] = field(default_factory=list)
    annotations: list[Annotation] = field(default_factory=list)

    # @tableonly and @defaultonly stand among the annotations


@dataclass(frozen=True)
class EntryKey:
    """One key of an entry.

    exact: value; lpm, ternary: value, mask (None: all ones; value None: don't care); range: value..high; optional:
    value or None.
    """

    value: int | None
    mask: int | None = None
    high: int | None = None


@dataclass
class Entry:
    keys: list[EntryKey]
    action: ActionUse
    priority: int | None  # as written or computed by the language's rules; None for tables without priorities
    const: bool = False
    span: Span = NOWHERE


@dataclass
class Table:
    """size None: not given. Attached objects by name."""

    name: str
    keys: list[Key]
    actions: list[ActionUse]
    default: ActionUse
    default_const: bool
    size: int | None
    entries: list[Entry]
    entries_const: bool
    direct_counter: str | None = None
    direct_meter: str | None = None
    action_profile: str | None = None  # name of an ActionProfile
    support_timeout: bool = False
    annotations: list[Annotation] = field(default_factory=list)
    doc: str = ""
    span: Span = NOWHERE
    largest_priority_wins: bool = True
    priority_delta: int = 1

    def entries_by_precedence(self) -> list[Entry]:
        """The entries, those first that win; const entries, and those of equal priority, as the program has them."""
        entries = list(self.entries)
        if not self.entries_const and all(entry.priority is not None for entry in entries):
            sign = -1 if self.largest_priority_wins else 1
            entries.sort(key=lambda entry: sign * (entry.priority or 0))
        return entries


@dataclass
class Counter:
    """unit: "packets", "bytes" or "packets_and_bytes"; table is set for a direct counter, size for an indexed one."""

    name: str
    unit: str
    size: int | None = None
    table: str | None = None
    index_type: Type | None = None
    annotations: list[Annotation] = field(default_factory=list)
    doc: str = ""


@dataclass
class Meter:
    """unit: "packets" or "bytes"; table and result (where the colour goes) are set for a direct meter."""

    name: str
    unit: str
    size: int | None = None
    table: str | None = None
    result: LValue | None = None
    index_type: Type | None = None
    annotations: list[Annotation] = field(default_factory=list)
    doc: str = ""


@dataclass
class Register:
    name: str
    width: int
    signed: bool
    size: int
    type: Type
    index_type: Type | None = None
    annotations: list[Annotation] = field(default_factory=list)
    doc: str = ""


@dataclass
class ActionProfile:
    """algorithm and selector_keys are set for an action selector."""

    name: str
    size: int
    algorithm: str | None = None
    output_width: int | None = None
    selector_keys: list[Expr] = field(default_factory=list)
    annotations: list[Annotation] = field(default_factory=list)
    doc: str = ""
    max_group_size: int | None = None


@dataclass
class Digest:
    """One digest stream: its control-plane name and the type of its data (struct, tuple or scalar)."""

    name: str
    type: Type
    fields: list[Expr]
    receiver: int = 1
    annotations: list[Annotation] = field(default_factory=list)


@dataclass
class FieldList:
    """A @field_list(id) of the user metadata."""

    id: int
    fields: list[Expr]


@dataclass
class Checksum:
    """A verify_checksum or update_checksum; algorithm as in v1model (csum16 ...)."""

    target: FieldRef
    fields: list[object]  # Expr or HeaderRef
    algorithm: str
    condition: Expr
    with_payload: bool
    span: Span = NOWHERE


@dataclass
class Control:
    """A pipeline with everything inlined."""

    name: str
    body: list[Stmt]
    span: Span = NOWHERE


@dataclass
class Emit(Stmt):
    """Emits a header, stack or union, in the deparser."""

    header: HeaderRef
    kind: str = "header"


@dataclass
class ControllerHeader:
    """A @controller_header("packet_in") type; fields (flattened, named by paths) with their annotations and types."""

    name: str  # of the type; the annotation has the controller's name
    header: HeaderDef
    fields: list[ActionParam]
    annotations: list[Annotation] = field(default_factory=list)


@dataclass
class Program:
    """A v1model program.

    The lists of what the control plane sees stand in p4c's order, which P4Info shows: file-scope instances first, then
    control by control (verify, ingress, egress, update, deparser); within a control first the file-scope actions that
    its tables use (NoAction), then its own declarations as they stand, those of a sub-control in the place of its
    instance. Hidden (@hidden) objects and unused counters, meters and registers are in the lists too: they count for
    aliases.
    """

    name: str  # of the source file, without its ending
    header_types: list[HeaderDef] = field(default_factory=list)
    headers: list[Header] = field(default_factory=list)
    stacks: list[HeaderStack] = field(default_factory=list)
    unions: list[HeaderUnion] = field(default_factory=list)
    union_stacks: list[UnionStack] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)  # in order of their codes, core.p4's first
    enums: list[Type] = field(default_factory=list)
    states: list[ParserState] = field(default_factory=list)  # the first is the start state
    value_sets: list[ValueSet] = field(default_factory=list)
    verify: list[Checksum] = field(default_factory=list)
    ingress: Control | None = None
    egress: Control | None = None
    update: list[Checksum] = field(default_factory=list)
    deparser: list[Stmt] = field(default_factory=list)  # Emit only, where possible
    actions: list[Action] = field(default_factory=list)  # of tables, and those called from apply blocks (called_only)
    tables: list[Table] = field(default_factory=list)
    counters: list[Counter] = field(default_factory=list)
    meters: list[Meter] = field(default_factory=list)
    registers: list[Register] = field(default_factory=list)
    action_profiles: list[ActionProfile] = field(default_factory=list)
    digests: list[Digest] = field(default_factory=list)
    field_lists: list[FieldList] = field(default_factory=list)
    controller_headers: list[ControllerHeader] = field(default_factory=list)
    types: list[Type] = field(default_factory=list)  # structs, headers, new types, serializable enums
    annotations: list[Annotation] = field(default_factory=list)  # of the package instance (@pkginfo ...)
