"""Setters and getters of the fields that simple_switch itself writes and reads."""

from __future__ import annotations

from ..program.expressions import FieldRef, HeaderRef
from ..program.program import Program
from .expressions import Expressions
from .numbers import is_wide, round_bits

# The field's name here: the names it goes by in the JSON, the first that exists counts.
_STANDARD, _INTRINSIC, _QUEUEING = "standard_metadata", "intrinsic_metadata", "queueing_metadata"
FIELDS = {
    "ingress_port": (_STANDARD,),
    "packet_length": (_STANDARD,),
    "instance_type": (_STANDARD,),
    "egress_spec": (_STANDARD,),
    "egress_port": (_STANDARD,),
    "parser_error": (_STANDARD,),
    "checksum_error": (_STANDARD,),
    "ingress_global_timestamp": (_INTRINSIC, _STANDARD),
    "egress_global_timestamp": (_INTRINSIC, _STANDARD),
    "mcast_grp": (_INTRINSIC, _STANDARD),
    "egress_rid": (_INTRINSIC, _STANDARD),
    "enq_timestamp": (_QUEUEING, _STANDARD),
    "deq_timedelta": (_QUEUEING, _STANDARD),
}
READ = ("egress_spec", "mcast_grp")


def write_intrinsics(code: Expressions, program: Program) -> None:
    """Writes p4_set_<field> for every field, p4_get_<field> for those that are read."""
    out = code.out
    for name, headers in FIELDS.items():
        found = next((ref for header in headers if (ref := program.intrinsic(f"{header}.{name}"))), None)
        with out.block(f"static inline void p4_set_{name}(p4_phv_t *phv, uint64_t value)"):
            out.line("(void)phv, (void)value;")
            if found is not None:
                _write_set(code, found)
        if name in READ:
            with out.block(f"static inline uint64_t p4_get_{name}(const p4_phv_t *phv)"):
                out.line("(void)phv;")
                text = code.field(found) if found is not None else "0"
                out.line(f"return {text};" if found is None or not is_wide(found.field.width) else f"return {text}[0];")
    out.line()


def _write_set(code: Expressions, ref: FieldRef) -> None:
    assert isinstance(ref.header, HeaderRef)
    text = code.resize("value", 64, round_bits(ref.field.width), False)
    code.store(code.field(ref), ref.field.width, text)
