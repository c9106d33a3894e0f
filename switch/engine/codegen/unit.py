"""The translation unit: everything generated, in order."""

from __future__ import annotations

from dataclasses import dataclass

from ..program.actions import ActionSpec
from ..program.expressions import Lookahead, RegisterSpec
from ..program.externs import CalculationSpec
from ..program.program import Program
from .actions import ActionCode
from .calculations import CalculationCode
from .deparser import DeparserCode
from .expressions import Expressions
from .headers import HeaderCode
from .intrinsics import write_intrinsics
from .layout import Layout
from .logs import LogFormat
from .numbers import storage_bytes
from .parser import ParserCode
from .pipelines import PipelineCode
from .registers import Registers
from .tables import TableCode, layout_hash, write_fields
from .temporaries import find_temporaries
from .writer import Writer, identifier

STAT_NAMES = (
    *("in", "generated", "out", "to_cpu", "consumed", "dropped_ingress", "dropped_egress", "dropped_no_replica"),
    *("dropped_passes", "dropped_loop", "dropped_assert", "dropped_no_memory"),
    *("parser_errors", "checksum_errors", "resubmitted", "recirculated", "cloned", "clone_no_session", "replicated"),
    *("truncated", "digests", "events_lost"),
)


@dataclass(frozen=True, slots=True)
class Unit:
    """Generated C and what Python must know about it."""

    text: str
    logs: tuple[LogFormat, ...]
    stat_names: tuple[str, ...]
    value_set_bytes: dict[str, int]


class Names:
    """C names and numbers of the program's objects."""

    def __init__(self, program: Program) -> None:
        externs = program.externs
        self.registers = Registers(program)
        self.tables = {name: i for i, name in enumerate(program.tables)}
        self.counters = {name: i for i, name in enumerate(n for n, c in externs.counters.items() if not c.direct)}
        self.meters = {name: i for i, name in enumerate(n for n, m in externs.meters.items() if not m.direct)}
        self.value_sets = {name: i for i, name in enumerate(externs.value_sets)}
        self.profile_actions = {name: profile.actions for name, profile in program.action_profiles.items()}
        self.selectors = {
            name: identifier("p4_selector", i, name)
            for i, (name, profile) in enumerate(program.action_profiles.items())
            if profile.selector is not None
        }
        self.logs: list[LogFormat] = []
        self._actions = {id_: identifier("action", i, a.name) for i, (id_, a) in enumerate(program.actions.items())}
        self._calculations = {name: identifier("p4_calc", i, name) for i, name in enumerate(externs.calculations)}

    def action(self, action: ActionSpec) -> str:
        """The function of an action."""
        return self._actions[action.id]

    def calculation(self, calculation: CalculationSpec) -> str:
        """The function of a calculation."""
        return self._calculations[calculation.name]

    def log(self, format_: LogFormat) -> int:
        """The number of a log message."""
        self.logs.append(format_)
        return len(self.logs) - 1


def generate(program: Program) -> Unit:
    """Generates the C of a program."""
    temporaries = find_temporaries(program)
    out, names, layout = Writer(), Names(program), Layout(program.headers, temporaries)
    code = Expressions(out, layout, names.registers)
    tables, deparser = TableCode(out, names), DeparserCode(code, names)
    out.line("/* Generated from BMv2 JSON. */")
    out.line('#include "engine.h"')
    out.line('#include "bits.h"')
    layout.write(out)
    out.line(f"#define P4_NO_ERROR {program.errors['NoError']}u")
    out.line('#include "context.h"')
    out.line()
    header_code = HeaderCode(out, layout)
    for kind in program.headers.types.values():
        if kind.fixed_bits % 8 == 0 and layout.on_the_wire(kind):
            header_code.write(kind)
    write_intrinsics(code, program)
    _write_calculations(code, program, names)
    actions = ActionCode(out, layout, names, temporaries)
    for action in program.actions.values():
        actions.write(action)
    ParserCode(code, names, program.errors).write(program.parsers.get("parser"))
    pipelines = PipelineCode(code, names, tables)
    pipelines.write("p4_ingress", program.pipelines.get("ingress"))
    pipelines.write("p4_egress", program.pipelines.get("egress"))
    emitted = program.deparsers.get("deparser")
    deparser.write_checksums(program.checksums, emitted)
    deparser.write_deparser(emitted)
    deparser.write_field_lists(program.externs.field_lists)
    deparser.write_digests(program.externs.digests)
    tables.write_specs(program.tables, program.action_profiles)
    value_set_bytes = _write_externs(out, program, names)
    _write_program(out, program, names)
    out.line('#include "life.h"')
    out.line('#include "explain.h"')
    return Unit(out.text(), tuple(names.logs), STAT_NAMES, value_set_bytes)


def _write_calculations(code: Expressions, program: Program, names: Names) -> None:
    writer = CalculationCode(code)
    for calculation in program.externs.calculations.values():
        writer.write(names.calculation(calculation), calculation.algorithm, calculation.inputs)
    for name, function in names.selectors.items():
        selector = program.action_profiles[name].selector
        assert selector is not None
        writer.write(function, selector.algorithm, selector.inputs)


def _value_set_widths(program: Program, name: str) -> list[int]:
    """The widths of the select key that the value set is compared with."""
    for parser in program.parsers.values():
        for state in parser.states.values():
            if any(t.value_set is not None and t.value_set.name == name for t in state.transitions):
                return [key.width if isinstance(key, Lookahead) else key.field.width for key in state.key]
    return [program.externs.value_sets[name].width]


def _register_spec(registers: Registers, array: RegisterSpec) -> tuple[tuple, tuple]:
    """What decides whether an array can be adopted, and its place."""
    place = registers.places[array.name]
    shape = (array.name, array.size, (array.width + 7) // 8, storage_bytes(array.width), array.width)
    return shape, (place.group, place.offset)


def _write_externs(out: Writer, program: Program, names: Names) -> dict[str, int]:
    externs = program.externs
    counters = [((c.name, c.size, 0, 0, 0), ()) for c in externs.counters.values() if not c.direct]
    meters = [((m.name, m.size, 0, int(m.in_bytes), 0), ()) for m in externs.meters.values() if not m.direct]
    registers = [_register_spec(names.registers, register) for register in externs.registers.values()]
    for noun, cells in (("counters", counters), ("meters", meters), ("registers", registers)):
        rows = [
            f"{{{layout_hash(noun, *cell)}, {', '.join(str(v) for v in (*cell[1:], *place))}}}" for cell, place in cells
        ]
        out.line(f"static const p4e_array_spec_t p4_{noun}[] = {{{', '.join(rows) or '{0}'}}};")
    rows = [
        f"{{{layout_hash('group', [(a.name, a.width) for a in g.arrays], g.size, g.stride)}, {g.size}, {g.stride}}}"
        for g in names.registers.groups
    ]
    out.line(f"static const p4e_group_spec_t p4_groups[] = {{{', '.join(rows) or '{0}'}}};")
    sizes: dict[str, int] = {}
    rows = []
    for index, name in enumerate(externs.value_sets):
        widths = _value_set_widths(program, name)
        packing = write_fields(out, f"p4_value_set{index}_fields", widths, ["P4E_KEY_EXACT"] * len(widths))
        sizes[name] = sum(packing.sizes)
        layout = layout_hash("value set", name, widths)
        rows.append(f"{{{layout}, p4_value_set{index}_fields, {len(widths)}, {sizes[name]}, {packing.words}}}")
    out.line(f"static const p4e_value_set_spec_t p4_value_sets[] = {{{', '.join(rows) or '{0}'}}};")
    out.line()
    return sizes


def _write_program(out: Writer, program: Program, names: Names) -> None:
    counts = {
        "table": len(names.tables),
        "profile": len(program.action_profiles),
        "counter": len(names.counters),
        "meter": len(names.meters),
        "register": len(program.externs.registers),
        "group": len(names.registers.groups),
        "value_set": len(names.value_sets),
    }
    with out.block("const p4e_program_t p4e_program =", ";"):
        for noun in ("tables", "profiles", "counters", "meters", "registers", "groups", "value_sets"):
            out.line(f".{noun} = p4_{noun},")
        for noun, count in counts.items():
            out.line(f".{noun}_count = {count},")
        out.line(".scratch_bytes = sizeof(p4_context_t) + sizeof(p4_phv_t),")
    out.line()
