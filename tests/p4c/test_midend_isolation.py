"""One compilation leaves nothing behind for the next in the same process."""

from __future__ import annotations

from pathlib import Path

from switch.p4c.compile import compile

PROGRAM = """
#include <core.p4>
#include <v1model.p4>
struct inner_t { bit<WIDTH> value; }
header outer_t { inner_t inner; }
struct headers_t { outer_t outer; }
struct metadata_t { }
parser P(packet_in p, out headers_t h, inout metadata_t m, inout standard_metadata_t s) {
    state start { p.extract(h.outer); transition accept; }
}
control V(inout headers_t h, inout metadata_t m) { apply { } }
control I(inout headers_t h, inout metadata_t m, inout standard_metadata_t s) { apply { } }
control E(inout headers_t h, inout metadata_t m, inout standard_metadata_t s) { apply { } }
control C(inout headers_t h, inout metadata_t m) { apply { } }
control D(packet_out p, in headers_t h) { apply { p.emit(h); } }
V1Switch(P(), V(), I(), E(), C(), D()) main;
"""


def header_bits(folder: Path, width: int) -> int:
    """The width of the header when the struct inside it has that width."""
    path = folder / f"w{width}.p4"
    path.write_text(PROGRAM.replace("WIDTH", str(width)))
    result = compile(path)
    assert result.json is not None
    header = next(kind for kind in result.json["header_types"] if kind["name"] == "outer_t")
    return sum(field[1] for field in header["fields"])


def test_structs_of_one_name_in_two_programs_stay_apart(tmp_path: Path) -> None:
    assert [header_bits(tmp_path, width) for width in (8, 32, 16)] == [8, 32, 16]
