"""What happens on the way out: checksums, the deparser, preserved fields, digests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..program.expressions import FieldRef, HeaderRef
from ..program.externs import Bits, ChecksumSpec, DigestSpec, FieldListSpec
from ..program.headers import VALID_FIELD
from ..program.parser import DeparserSpec
from .expressions import Expressions
from .numbers import Bounds, constant, is_wide, round_bits, word_list
from .primitives import Primitives
from .writer import comment

if TYPE_CHECKING:
    from .unit import Names


class DeparserCode:
    """Writes p4_verify, p4_update, p4_header_bytes, p4_emit, p4_keep, p4_digest and p4_reset_metadata."""

    def __init__(self, code: Expressions, names: Names) -> None:
        self._code = code
        self._out = code.out
        self._names = names

    def write_checksums(self, checksums: tuple[ChecksumSpec, ...], deparser: DeparserSpec | None) -> None:
        """Writes the checks after the parser, and the updates and primitives before the deparser."""
        with self._function("void p4_verify(p4_context_t *c)"):
            for checksum in checksums:
                if checksum.verify:
                    self._verify(checksum)
        with self._function("void p4_update(p4_context_t *c)"):
            for checksum in checksums:
                if checksum.update:
                    self._update(checksum)
            primitives = Primitives(self._code, self._names)
            for call in deparser.primitives if deparser is not None else ():
                primitives.write(call)

    @contextmanager
    def _function(self, head: str) -> Iterator[None]:
        with self._out.block(f"static {head}"):
            self._out.line("p4_phv_t *phv = &c->phv;")
            self._out.line("(void)phv;")
            yield
        self._out.line()

    def _condition(self, checksum: ChecksumSpec) -> str:
        return "true" if checksum.condition is None else self._code.truth(checksum.condition)

    def _verify(self, checksum: ChecksumSpec) -> None:
        self._out.line(comment(f"checksum {checksum.name}"))
        with self._out.block():
            condition = f"{self._code.valid(checksum.target.header)} && {self._condition(checksum)}"
            with self._out.block(f"if ({condition})"):
                found = self._code.number(checksum.target, 64)
                call = f"{self._names.calculation(checksum.calculation)}(c)"
                self._out.line(f"if ({call} != {found}) c->checksum_error = true;")

    def _update(self, checksum: ChecksumSpec) -> None:
        self._out.line(comment(f"checksum {checksum.name}"))
        with self._out.block(), self._out.block(f"if ({self._condition(checksum)})"):
            self._out.line(f"uint64_t sum = {self._names.calculation(checksum.calculation)}(c);")
            field = checksum.target.field
            text = self._code.resize("sum", 64, round_bits(field.width), False)
            known = Bounds(0, 0xFFFF) if checksum.calculation.algorithm == "csum16" else None
            self._code.store(self._code.field(checksum.target), field.width, text, known)

    def write_deparser(self, deparser: DeparserSpec | None) -> None:
        """Writes the length of all valid headers, and their serialisation."""
        order = () if deparser is None else deparser.order
        with self._function("uint32_t p4_header_bytes(p4_context_t *c)"):
            self._out.line("uint32_t size = 0;")
            for header in order:
                path = f"&phv->{self._code.layout.header(header)}"
                call = f"{self._code.layout.type_name(header.type)}_bytes({path})"
                valid = self._code.valid(HeaderRef(header))
                self._out.line(f"if ({valid}) size += {call};")
            self._out.line("return size;")
        with self._function("void p4_emit(p4_context_t *c, uint8_t *p)"):
            for header in order:
                path = f"&phv->{self._code.layout.header(header)}"
                name = self._code.layout.type_name(header.type)
                with self._out.block(f"if ({self._code.valid(HeaderRef(header))})"):
                    self._out.line(f"{name}_store(p, {path});")
                    self._out.line(f"p += {name}_bytes({path});")

    def write_field_lists(self, lists: dict[int, FieldListSpec]) -> None:
        """Writes what survives clones, resubmission and recirculation."""
        self._out.line("static void p4_reset_metadata(p4_phv_t *phv)")
        with self._out.block():
            self._out.line("memset(&phv->meta, 0, sizeof phv->meta);")
        self._out.line()
        with self._out.block("static void p4_keep(p4_phv_t *to, const p4_phv_t *from, uint64_t list)"):
            self._out.line("(void)to, (void)from;")
            with self._out.block("switch (list)"):
                for spec in lists.values():
                    self._out.line(f"case {spec.id}:")
                    with self._out.block():
                        for ref in spec.fields:
                            self._keep(ref)
                        self._out.line("break;")
                self._out.line("default: break;")
        self._out.line()

    def _keep(self, ref: FieldRef) -> None:
        assert isinstance(ref.header, HeaderRef)
        if ref.field.name == VALID_FIELD:
            return
        path = self._code.layout.field(ref.header, ref.field)
        self._out.line(f"memcpy(&to->{path}, &from->{path}, sizeof to->{path});")

    def write_digests(self, digests: dict[int, DigestSpec]) -> None:
        """Writes the queueing of digest messages."""
        with self._function("void p4_digest(p4_context_t *c, uint64_t list)"), self._out.block("switch (list)"):
            for spec in digests.values():
                self._out.line(f"case {spec.id}: {comment(spec.name)}")
                with self._out.block():
                    self._digest(spec)
                    self._out.line("break;")
            self._out.line("default: break;")

    def _digest(self, spec: DigestSpec) -> None:
        widths = [e.width if isinstance(e, Bits) else e.field.width for e in spec.elements]
        total = sum((width + 7) // 8 for width in widths)
        self._out.line(f"uint8_t body[{total + 8}] = {{0}};")
        offset = 0
        for element, width in zip(spec.elements, widths, strict=True):
            size = (width + 7) // 8
            self._put(element, width, offset * 8 + 8 * size - width)
            offset += size
        self._out.line(f"p4_learn(c, {spec.id}, body, {total});")

    def _put(self, element: FieldRef | Bits, width: int, at: int) -> None:
        size = round_bits(width)
        if isinstance(element, FieldRef):
            text = self._code.read_storage(self._code.field(element), width, signed=False)
        elif is_wide(width):
            text = self._out.fresh("w")
            self._out.line(f"static const uint64_t {text}[{size // 64}] = {word_list(element.value, size)};")
        else:
            text = constant(element.value, size)
        if is_wide(width):
            self._out.line(f"p4_put_bits(body, {at}, {width}, {text});")
        else:
            self._out.line(f"p4_put{size}(body, {at}, {width}, {text});")
