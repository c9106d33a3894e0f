"""The middle end: a checked tree becomes an elaborated `ir.Program`.

Lowering walks the program once, from `V1Switch(...) main`, with the bodies of everything that is applied put in place.
`body.Body` is where it stands; `values` is what an expression means there.
"""

from switch.p4c.midend.lower import lower

__all__ = ["lower"]
