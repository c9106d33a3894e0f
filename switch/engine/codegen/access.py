"""Access to what the PHV holds: headers, stacks, unions and fields as C texts, loads and stores."""

from __future__ import annotations

from collections.abc import Mapping

from ..program.expressions import (
    Const,
    Expr,
    FieldRef,
    HeaderExpr,
    HeaderRef,
    StackElement,
    StackRef,
    UnionElement,
    UnionMember,
    UnionRef,
    UnionStackRef,
    header_type,
)
from ..program.headers import VALID_FIELD
from .layout import Layout
from .names import SCALARS
from .numbers import (
    Bounds,
    constant,
    is_wide,
    round_bits,
    signed_type,
    storage_bytes,
    storage_type,
    unsigned_type,
)
from .writer import Writer


class Access:
    """Writes access to headers and fields into one C function."""

    def __init__(self, out: Writer, layout: Layout, variables: Mapping[str, str]) -> None:
        self.out = out
        self.layout = layout
        self._variables = variables

    def index(self, expr: Expr) -> str:
        """C for an index, as a uint64_t; what computes expressions says how."""
        raise NotImplementedError

    def valid(self, header: HeaderExpr) -> str:
        """C for whether a header is valid; metadata always is."""
        if isinstance(header, HeaderRef) and header.header.metadata:
            return "true"
        return f"({self.header(header)}->valid != 0)"

    def header(self, header: HeaderExpr) -> str:
        """C for a pointer to a header; an index out of bounds leads to a spare element."""
        match header:
            case HeaderRef(spec):
                return f"(&phv->{self.layout.header(spec)})"
            case StackElement(stack, index):
                member = f"phv->{self.layout.stack(stack)}"
                return f"(&{member}.e[{self._element(member, len(stack.headers), index)}])"
            case UnionMember(UnionRef(union), index):
                return f"(&phv->{self.layout.union(union)}.m{index})"
            case UnionMember(UnionElement() as element, index):
                return f"(&{self.union(element)}->m{index})"
            case _:
                raise AssertionError(header)

    def union(self, union: UnionRef | UnionElement) -> str:
        """C for a pointer to a header union."""
        if isinstance(union, UnionRef):
            return f"(&phv->{self.layout.union(union.union)})"
        member = f"phv->{self.layout.union_stack(union.stack)}"
        return f"(&{member}.e[{self._element(member, len(union.stack.unions), union.index)}])"

    def stack(self, stack: StackRef | UnionStackRef) -> tuple[str, int]:
        """The stack's struct and its declared size."""
        if isinstance(stack, StackRef):
            return f"phv->{self.layout.stack(stack.stack)}", len(stack.stack.headers)
        return f"phv->{self.layout.union_stack(stack.stack)}", len(stack.stack.unions)

    def field(self, ref: FieldRef) -> str:
        """The C lvalue of a field."""
        if ref.field.name == VALID_FIELD:
            return f"{self.header(ref.header)}->valid"
        kind = header_type(ref.header)
        if isinstance(ref.header, HeaderRef):
            if ref.header.header.name == SCALARS and ref.field.name in self._variables:
                return self._variables[ref.field.name]
            return f"phv->{self.layout.field(ref.header, ref.field)}"
        return f"{self.header(ref.header)}->{self.layout.field_name(kind, ref.field)}"

    def store(self, target: str, width: int, text: str, known: Bounds | None = None) -> None:
        """Writes the number `text` (of the width's representation) to storage of `width` bits."""
        size = round_bits(width)
        if is_wide(width):
            self.out.line(f"memmove({target}, {text}, {storage_bytes(width)});")
            if width != size and not (known and known.within(width)):
                self.out.line(f"wide_cut({target}, {size // 64}, {width}, false);")
            return
        kind = storage_type(width)
        if width in (8, 16, 32, 64, 128) or (known and known.within(width)):
            self.out.line(f"{target} = ({kind})({text});")
            return
        self.out.line(f"{target} = ({kind})({text} & {constant((1 << width) - 1, size)});")

    def read_storage(self, text: str, width: int, signed: bool) -> str:
        """The number kept in storage of `width` bits, in its own representation."""
        size = round_bits(width)
        if is_wide(width):
            if not signed:
                return text
            name = self.words(size)
            self.out.line(f"memcpy({name}, {text}, sizeof {name});")
            self.out.line(f"wide_cut({name}, {size // 64}, {width}, true);")
            return name
        kind = unsigned_type(size)
        if not signed:
            return f"({kind}){text}"
        shift = size - width
        return f"({kind})(({signed_type(size)})(({kind}){text} << {shift}) >> {shift})"

    def resize(self, text: str, size: int, wanted: int, signed: bool) -> str:
        """Converts between representations; widening repeats the sign where `signed`."""
        if size == wanted:
            return text
        if wanted <= 128 and size <= 128:
            if wanted < size or not signed:
                return f"({unsigned_type(wanted)}){text}"
            return f"(p4_u128)(p4_i128)(int64_t){text}"
        if wanted <= 128:
            return f"{text}[0]" if wanted == 64 else f"wide_to128({text}, {size // 64})"
        name = self.words(wanted)
        sign, words = "true" if signed else "false", wanted // 64
        if size <= 128:
            self.out.line(f"wide_from{size}({name}, {words}, {text}, {sign});")
        else:
            self.out.line(f"wide_from({name}, {words}, {text}, {size // 64}, {sign});")
        return name

    def words(self, size: int) -> str:
        name = self.out.fresh("w")
        self.out.line(f"uint64_t {name}[{size // 64}];")
        return name

    def _element(self, member: str, size: int, index: Expr | None) -> str:
        if index is None:
            return f"{member}.next ? {member}.next - 1 : {size}"
        if isinstance(index, Const):
            return str(index.value if 0 <= index.value < size else size)
        name = self.out.fresh()
        self.out.line(f"uint64_t {name} = {self.index(index)};")
        return f"{name} < {size} ? {name} : {size}"
