"""Functions that load headers from packets and store them back, one pair per header type."""

from __future__ import annotations

from dataclasses import dataclass

from ..program.headers import FieldSpec, HeaderType
from .layout import Layout
from .numbers import constant, is_wide, round_bits, unsigned_type
from .writer import Writer, comment


@dataclass(frozen=True, slots=True)
class Run:
    """Fields that together begin and end at byte boundaries; `offset` in bits from where the run's part begins."""

    fields: tuple[FieldSpec, ...]
    offset: int

    @property
    def width(self) -> int:
        """Bits of all fields."""
        return sum(f.width for f in self.fields)


def runs_of(fields: tuple[FieldSpec, ...], offset: int = 0) -> list[Run]:
    """Splits consecutive fixed fields into the shortest runs that end at byte boundaries."""
    runs: list[Run] = []
    pending: list[FieldSpec] = []
    start = offset
    for field in fields:
        pending.append(field)
        offset += field.width
        if offset % 8 == 0:
            runs.append(Run(tuple(pending), start))
            pending, start = [], offset
    if pending:
        runs.append(Run(tuple(pending), start))
    return runs


class HeaderCode:
    """Writes `<type>_load` and `<type>_store`."""

    def __init__(self, out: Writer, layout: Layout) -> None:
        self._out = out
        self._layout = layout

    def write(self, kind: HeaderType) -> None:
        """Writes both functions of a header type; `bits` is the varbit's length, a multiple of 8."""
        name = self._layout.type_name(kind)
        self._out.line(comment(f"header type {kind.name}"))
        with self._out.block(f"static inline void {name}_load(const uint8_t *p, {name}_t *h, uint32_t bits)"):
            self._parts(kind, self._load_run, self._load_varbit)
            self._out.line("h->valid = 1;")
        self._out.line()
        with self._out.block(f"static inline void {name}_store(uint8_t *p, const {name}_t *h)"):
            self._parts(kind, self._store_run, self._store_varbit)
        self._out.line()
        with self._out.block(f"static inline uint32_t {name}_bytes(const {name}_t *h)"):
            varbit = kind.varbit
            more = f" + h->{self._layout.field_name(kind, varbit)}.bits / 8" if varbit else ""
            self._out.line(f"return {kind.fixed_bits // 8}{more};")
        self._out.line()

    def _parts(self, kind: HeaderType, run_code, varbit_code) -> None:
        """The fields before the varbit, the varbit, the fields after it (whose pointer has moved)."""
        split = next((i for i, f in enumerate(kind.fields) if f.varbit), None)
        before = kind.fields if split is None else kind.fields[:split]
        for run in runs_of(before):
            run_code(kind, run)
        if split is None:
            return
        offset = sum(f.width for f in before)
        varbit_code(kind, kind.fields[split], offset)
        for run in runs_of(kind.fields[split + 1 :], offset):
            run_code(kind, run)

    def _member(self, kind: HeaderType, field: FieldSpec) -> str:
        return f"h->{self._layout.field_name(kind, field)}"

    def _load_run(self, kind: HeaderType, run: Run) -> None:
        if run.offset % 8 == 0 and run.width % 8 == 0 and run.width <= 64:
            self._load_word(kind, run)
            return
        offset = run.offset
        for field in run.fields:
            target = self._member(kind, field)
            if field.width == 128 and offset % 8 == 0:
                self._out.line(f"{target} = p4_load128(p + {offset // 8});")
            elif is_wide(field.width):
                self._out.line(f"p4_get_bits(p, {offset}, {field.width}, {target});")
            else:
                size = round_bits(field.width)
                self._out.line(f"{target} = p4_get{size}(p, {offset}, {field.width});")
            offset += field.width

    def _load_word(self, kind: HeaderType, run: Run) -> None:
        load = f"p4_load(p + {run.offset // 8}, {run.width // 8})"
        if len(run.fields) == 1:
            self._out.line(f"{self._member(kind, run.fields[0])} = {load};")
            return
        with self._out.block():
            self._out.line(f"uint64_t word = {load};")
            left = run.width
            for field in run.fields:
                left -= field.width
                mask = constant((1 << field.width) - 1, 64)
                self._out.line(f"{self._member(kind, field)} = word >> {left} & {mask};")

    def _load_varbit(self, kind: HeaderType, field: FieldSpec, offset: int) -> None:
        target = self._member(kind, field)
        self._out.line(f"{target}.bits = bits;")
        if offset % 8 == 0:
            self._out.line(f"memcpy({target}.bytes, p + {offset // 8}, bits / 8);")
        else:
            self._out.line(f"p4_get_bytes(p, {offset}, bits / 8, {target}.bytes);")
        self._out.line("p += bits / 8;")

    def _store_run(self, kind: HeaderType, run: Run) -> None:
        if run.offset % 8 == 0 and run.width % 8 == 0 and run.width <= 64:
            parts: list[str] = []
            left = run.width
            for field in run.fields:
                left -= field.width
                parts.append(f"(uint64_t){self._member(kind, field)}" + (f" << {left}" if left else ""))
            self._out.line(f"p4_store(p + {run.offset // 8}, {run.width // 8}, {' | '.join(parts)});")
            return
        offset = run.offset
        for field in run.fields:
            source = self._member(kind, field)
            if field.width == 128 and offset % 8 == 0:
                self._out.line(f"p4_store128(p + {offset // 8}, {source});")
            elif is_wide(field.width):
                self._out.line(f"p4_put_bits(p, {offset}, {field.width}, {source});")
            else:
                size = round_bits(field.width)
                self._out.line(f"p4_put{size}(p, {offset}, {field.width}, ({unsigned_type(size)}){source});")
            offset += field.width

    def _store_varbit(self, kind: HeaderType, field: FieldSpec, offset: int) -> None:
        source = self._member(kind, field)
        if offset % 8 == 0:
            self._out.line(f"memcpy(p + {offset // 8}, {source}.bytes, {source}.bits / 8);")
        else:
            self._out.line(f"p4_put_bytes(p, {offset}, {source}.bits / 8, {source}.bytes);")
        self._out.line(f"p += {source}.bits / 8;")
