"""Helpers for tests of the middle end: P4 text to IR, IR to text, and what the IR does to a packet's header."""

from __future__ import annotations

from pathlib import Path

from switch.p4c import ir
from switch.p4c.check import check
from switch.p4c.ir_text import program_text
from switch.p4c.midend import lower
from switch.p4c.parser import parse_file
from switch.p4c.preprocess import PreprocessOptions
from switch.p4c.source import Diagnostics

PROGRAM = """#include <core.p4>
#include <v1model.p4>
header h_t {{ bit<8> a; bit<8> b; bit<8> c; bit<8> d; }}
struct inner_t {{ bit<8> x; bit<8> y; }}
struct headers {{ h_t h; h_t g; h_t[3] s; }}
struct metadata {{ bit<8> m; bit<16> n; inner_t p; inner_t q; }}
{top}
parser P(packet_in p, out headers hdr, inout metadata meta, inout standard_metadata_t sm) {{
    {parser}
}}
control V(inout headers hdr, inout metadata meta) {{ apply {{ }} }}
control I(inout headers hdr, inout metadata meta, inout standard_metadata_t sm) {{
    {local}
    apply {{ {apply} }}
}}
control E(inout headers hdr, inout metadata meta, inout standard_metadata_t sm) {{ apply {{ }} }}
control C(inout headers hdr, inout metadata meta) {{ apply {{ }} }}
control D(packet_out p, in headers hdr) {{ apply {{ p.emit(hdr.h); }} }}
V1Switch(P(), V(), I(), E(), C(), D()) main;
"""
START = "state start { p.extract(hdr.h); transition accept; }"


def source(apply: str = "", local: str = "", top: str = "", parser: str = START) -> str:
    """A whole program around a few declarations and statements."""
    return PROGRAM.format(apply=apply, local=local, top=top, parser=parser)


def lowered(text: str, folder: Path) -> ir.Program:
    """The IR of a program that must be right."""
    program, diagnostics = lowered_with_messages(text, folder)
    assert [d.message for d in diagnostics.errors] == []
    return program


def lowered_with_messages(text: str, folder: Path) -> tuple[ir.Program, Diagnostics]:
    """The IR of a program, and what the middle end has to say about it."""
    path = folder / "test.p4"
    path.write_text(text)
    diagnostics = Diagnostics()
    tree = parse_file(str(path), PreprocessOptions(), diagnostics)
    checked = check(tree, diagnostics)
    assert [d.message for d in diagnostics.errors] == []
    return lower(checked, diagnostics), diagnostics


def part(program: ir.Program, title: str) -> list[str]:
    """The lines inside the block whose first line starts with `title`."""
    lines = program_text(program).splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(title))
    end = next(number for number in range(start, len(lines)) if lines[number] == "}")
    return [line[2:] for line in lines[start + 1 : end]]
