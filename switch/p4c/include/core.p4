// The core library of P4-16 (specification 1.2.5, appendix D): what every architecture shares.

#ifndef _CORE_P4_
#define _CORE_P4_

// The codes are the positions: a switch reports them as numbers.
error {
    NoError,
    PacketTooShort,        // extract, advance or lookahead beyond the end of the packet
    NoMatch,               // no case of a select fits
    StackOutOfBounds,      // stack element before the first or behind the last
    HeaderTooShort,        // more bits asked for than a varbit field can hold
    ParserTimeout,         // the target's time limit
    ParserInvalidArgument  // a length that the target cannot handle
}

match_kind {
    exact,
    ternary,
    lpm
}

// The packet on its way into a parser.
extern packet_in {
    // Reads a header of fixed size, makes it valid and moves on.
    void extract<T>(out T hdr);

    // Reads a header with one varbit field, for which a length in bits is given.
    void extract<T>(out T variableSizeHeader, in bit<32> variableFieldSizeInBits);

    // Reads without moving on.
    T lookahead<T>();

    // Skips bits.
    void advance(in bit<32> sizeInBits);

    // The packet's length in bytes; some targets cannot tell.
    bit<32> length();
}

// The packet on its way out of a deparser.
extern packet_out {
    // Appends a header if it is valid; of a stack, a union or a struct, each header that is.
    void emit<T>(in T hdr);
}

// Leaves the parser in state reject with that error if the check fails.
extern void verify(in bool check, in error toSignal);

@noWarn("unused")
action NoAction() {}

// Checked by the compiler.
extern bool static_assert(bool check, string message);
extern bool static_assert(bool check);

#endif
