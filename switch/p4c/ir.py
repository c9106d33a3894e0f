"""What is left of a program after elaboration: no generics, no calls, no scopes, no copies to make.

The middle end (`switch.p4c.midend`) makes it from the checked tree; the BMv2 back end (`switch.p4c.bmv2`) and the
P4Info writer (`switch.p4c.p4info`) only read it. Every instance is in place, parsers and controls are inlined,
parameters are copied in and out, side effects stand in evaluation order as statements, and all storage is flat:
headers, stacks, unions and scalar fields. Names that the control plane sees are final; names of storage are unique.
Widths are bits.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from switch.p4c.source import NOWHERE, Span
from switch.p4c.tree import Annotation
from switch.p4c.typesys import Type

# --- storage ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FieldDef:
    """A field of a header type.

    kind: "bits", "varbit" (width is the maximum), "bool", "error", "enum" (stored as a number).
    """

    name: str
    width: int
    signed: bool = False
    kind: str = "bits"


@dataclass(frozen=True)
class HeaderDef:
    """A header type, or a flattened struct of metadata."""

    name: str
    fields: tuple[FieldDef, ...]
    annotations: tuple[Annotation, ...] = ()
    span: Span = field(default=NOWHERE, compare=False)  # of the declaration, for diagnostics


@dataclass
class Header:
    """A header instance; metadata (standard_metadata, scalars, user metadata) is always valid and never emitted."""

    name: str
    type: HeaderDef
    metadata: bool = False


@dataclass
class HeaderStack:
    """`elements` are its headers, in order, named NAME[0], NAME[1] ..."""

    name: str
    type: HeaderDef
    elements: list[Header]


@dataclass
class HeaderUnion:
    """`members` pairs the union's field names with their headers."""

    name: str
    type_name: str
    members: list[tuple[str, Header]]


@dataclass
class UnionStack:
    name: str
    type_name: str
    elements: list[HeaderUnion]


# --- expressions: pure, without side effects --------------------------------------------------------------------------
# Every expression has a kind of value: bits (width, signed), bool (width 0), or error/enum (stored as bits).


@dataclass(frozen=True)
class Expr:
    """width 0 means bool."""

    width: int
    signed: bool = field(default=False, kw_only=True)


@dataclass(frozen=True)
class Const(Expr):
    """A number, already reduced to its width (two's complement: negative when signed and negative), or 0/1 for bool."""

    value: int


@dataclass(frozen=True)
class FieldRef(Expr):
    """A field of a header instance, by names."""

    header: str
    field: str


@dataclass(frozen=True)
class StackFieldRef(Expr):
    """A field of a stack element chosen at run time, or of "next"/"last" in parsers (index is then that word)."""

    stack: str
    index: Expr | str
    field: str


@dataclass(frozen=True)
class StackIndexRef(Expr):
    """`stack.lastIndex` (which "lastIndex") or the element count so far (which "nextIndex")."""

    stack: str
    which: str


@dataclass(frozen=True)
class UnionStackFieldRef(Expr):
    """A field of a member of a union stack's element chosen at run time or "next"/"last"."""

    stack: str
    index: Expr | str
    member: str
    field: str


@dataclass(frozen=True)
class ParamRef(Expr):
    """An action's control-plane parameter."""

    name: str


@dataclass(frozen=True)
class IsValid(Expr):
    """Validity of a header (name), of a union (name), or of a stack element chosen at run time (stack name and index).

    member is set for a member of a union stack's element.
    """

    header: str
    index: Expr | str | None = None
    member: str | None = None


@dataclass(frozen=True)
class Unary(Expr):
    """op is `-`, `~` or `!`; the result is reduced to the width."""

    op: str
    operand: Expr


@dataclass(frozen=True)
class Binary(Expr):
    """op as in the language, `/` and `%` too; operands have the types that P4 gives them, the result is reduced to the
    width.

    `++` is concatenation; `|+|` and `|-|` saturate; comparisons and `&&`, `||` give bool. `==` on varbits is allowed
    only where the operands are FieldRef of kind varbit.
    """

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True)
class Conditional(Expr):
    condition: Expr
    then: Expr
    otherwise: Expr


@dataclass(frozen=True)
class Cast(Expr):
    """Change of width, sign, or bool <-> bit<1>, by P4's rules (extension by the operand's sign, truncation)."""

    operand: Expr


@dataclass(frozen=True)
class Slice(Expr):
    """operand[high:low]."""

    operand: Expr
    high: int
    low: int


@dataclass(frozen=True)
class Lookahead(Expr):
    """`width` bits that lie `offset` bits ahead in the packet; parsers only."""

    offset: int


LValue = FieldRef | StackFieldRef | UnionStackFieldRef  # what may be assigned; slices have been turned into masks

# A reference to a whole header, stack or union in an operation.


@dataclass(frozen=True)
class HeaderRef:
    """A header by name; or the element `index` (run time, "next" or "last") of the stack `name`, and of a union stack's
    element the `member`."""

    name: str
    index: Expr | str | None = None
    member: str | None = None


# --- statements -------------------------------------------------------------------------------------------------------


@dataclass
class Stmt:
    span: Span = field(default=NOWHERE, kw_only=True)


@dataclass
class Assign(Stmt):
    target: LValue
    value: Expr


@dataclass
class AssignHeader(Stmt):
    """Copies a header with its validity; `kind` is "header", "stack", "union" or "union_stack"."""

    target: HeaderRef
    source: HeaderRef
    kind: str = "header"


@dataclass
class AssignVarbit(Stmt):
    target: FieldRef
    source: FieldRef


@dataclass
class SetValidity(Stmt):
    header: HeaderRef
    valid: bool


@dataclass
class ShiftStack(Stmt):
    """push_front (count > 0) or pop_front (count < 0)."""

    stack: str
    count: int


@dataclass
class Primitive(Stmt):
    """A call of a v1model extern, arguments in order; `name` is one of:

    counter.count(counter, index)  direct_counter.count(direct counter)  meter.execute(meter, index, result: LValue)
    direct_meter.read(direct meter, result)
    register.read(result, register, index)  register.write(register, index, value)
    random(result, low, high)  hash(result, algorithm, base, [fields], max)  digest(receiver, digest name, [fields])
    mark_to_drop()  clone(kind, session)  clone_preserving(kind, session, field list id)  resubmit(field list id)
    recirculate(field list id)  truncate(length)  log_msg(format, [args])  assert(condition)  assume(condition)

    Arguments are Expr, LValue, names (str) of instances, or lists of Expr and HeaderRef.
    """

    name: str
    args: list[object]


@dataclass
class If(Stmt):
    condition: Expr
    then: list[Stmt]
    otherwise: list[Stmt] = field(default_factory=list)


@dataclass
class Labelled(Stmt):
    """A block that `Leave(label)` inside it jumps to the end of (return of an inlined body, break, continue)."""

    label: str
    body: list[Stmt]


@dataclass
class Leave(Stmt):
    label: str


@dataclass
class Loop(Stmt):
    """Repeats body for ever; left by Leave of a Labelled around it, Exit or Return."""

    body: list[Stmt]


@dataclass
class Exit(Stmt):
    """Ends the pipeline (ingress or egress)."""


@dataclass
class ApplyTable(Stmt):
    """Applies a table (by its control-plane name), then one of the branches.

    `hit`/`miss` are for `if (t.apply().hit)`; `cases` (action name -> statements) and `default` for
    `switch (t.apply().action_run)`.
    A table applied for its effect has none of them.
    """

    table: str
    hit: list[Stmt] | None = None
    miss: list[Stmt] | None = None
    cases: dict[str, list[Stmt]] | None = None
    default: list[Stmt] | None = None


# --- parser -----------------------------------------------------------------------------------------------------------


@dataclass
class Extract(Stmt):
    """Extracts a header; `length` is the varbit's length in bits for the two-argument form."""

    header: HeaderRef
    length: Expr | None = None


@dataclass
class Advance(Stmt):
    bits: Expr


@dataclass
class Verify(Stmt):
    condition: Expr
    error: Expr


@dataclass(frozen=True)
class KeyMatch:
    """One element of a select case: value & mask over the key's width (mask None: exact); value None: don't care."""

    value: int | None
    mask: int | None = None


@dataclass
class SelectCase:
    """keys has one KeyMatch for each select key; or value_set is a name. Ranges are expanded into several cases."""

    keys: list[KeyMatch]
    next: str
    value_set: str | None = None


@dataclass
class ParserState:
    """next when there is no select; "accept" and "reject" are the final states. If statements have become states."""

    name: str
    body: list[Stmt]
    keys: list[Expr] = field(default_factory=list)
    cases: list[SelectCase] = field(default_factory=list)
    next: str | None = None
    span: Span = NOWHERE


@dataclass
class ValueSet:
    """A parser value set; keys are its fields (name, width, match kind)."""

    name: str
    size: int
    keys: list[ValueSetKey]
    annotations: list[Annotation]
    doc: str = ""


@dataclass
class ValueSetKey:
    name: str
    width: int
    match_kind: str
    type: Type
    annotations: list[Annotation]


# --- what the control plane sees --------------------------------------------------------------------------------------
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
