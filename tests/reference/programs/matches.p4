// Every match kind with entries that overlap, action_run, hit, exit and return.
#include <core.p4>
#include <v1model.p4>

header key_t { bit<8> a; bit<16> b; bit<32> c; bit<8> d; }
struct headers_t { key_t key; }
struct metadata_t { bit<8> hits; }

parser P(packet_in p, out headers_t h, inout metadata_t m, inout standard_metadata_t s) {
    state start {
        p.extract(h.key);
        transition accept;
    }
}

control V(inout headers_t h, inout metadata_t m) { apply { } }

control I(inout headers_t h, inout metadata_t m, inout standard_metadata_t s) {
    action mark(bit<8> value) { m.hits = m.hits ^ value; }
    action stop(bit<9> port) { s.egress_spec = port; exit; }
    action nothing() { }

    table longest {
        key = { h.key.c : lpm; }
        actions = { mark; nothing; }
        const default_action = nothing();
        const entries = {
            0x00000000 &&& 0x80000000 : mark(1);
            0x01000000 &&& 0xff000000 : mark(2);
            0x01020000 &&& 0xffff0000 : mark(4);
            0x01020304 : mark(8);
        }
    }

    table first {
        key = { h.key.a : ternary; h.key.b : range; }
        actions = { mark; stop; nothing; }
        const default_action = nothing();
        const entries = {
            (0x10 &&& 0xf0, 0..255) : mark(16);
            (_, 16 .. 1023) : mark(32);
            (0x80 &&& 0x80, _) : stop(3);
            (1, 4) : mark(64);
        }
    }

    table exactly {
        key = { h.key.d : exact; h.key.isValid() : exact; }
        actions = { mark; stop; nothing; }
        default_action = mark(128);
        const entries = {
            (0, true) : nothing();
            (1, true) : stop(2);
            (2, false) : mark(3);
        }
    }

    apply {
        s.egress_spec = 1;
        if (!h.key.isValid()) { mark_to_drop(s); return; }
        longest.apply();
        switch (first.apply().action_run) {
            mark: { h.key.b = h.key.b + 1; }
            nothing: { h.key.b = 0; }
        }
        if (exactly.apply().hit) {
            h.key.a = m.hits;
            return;
        }
        h.key.c = (bit<32>)m.hits;
    }
}

control E(inout headers_t h, inout metadata_t m, inout standard_metadata_t s) {
    apply {
        h.key.d = h.key.d + 1;
    }
}

control C(inout headers_t h, inout metadata_t m) { apply { } }
control D(packet_out p, in headers_t h) { apply { p.emit(h); } }
V1Switch(P(), V(), I(), E(), C(), D()) main;
