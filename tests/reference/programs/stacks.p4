// A stack of labels: parsed to its end, pushed, popped, read and written by index; a varbit of options kept as it came.
#include <core.p4>
#include <v1model.p4>

header first_t { bit<8> command; bit<8> options; }
header options_t { varbit<64> data; }
header label_t { bit<7> value; bit<1> last; }

struct headers_t { first_t first; options_t options; label_t[4] labels; }
struct metadata_t { bit<8> count; }

error { TooLong }

parser P(packet_in p, out headers_t h, inout metadata_t m, inout standard_metadata_t s) {
    state start {
        p.extract(h.first);
        verify(h.first.options <= 8, error.TooLong);
        p.extract(h.options, (bit<32>)h.first.options << 3);
        transition labels;
    }
    state labels {
        p.extract(h.labels.next);
        m.count = m.count + 1;
        transition select(h.labels.last.last) {
            0: labels;
            1: accept;
        }
    }
}

control V(inout headers_t h, inout metadata_t m) { apply { } }

control I(inout headers_t h, inout metadata_t m, inout standard_metadata_t s) {
    action again(bit<7> value) {
        h.labels.push_front(1);
        h.labels[0].setValid();
        h.labels[0] = { value, 0 };
    }

    apply {
        s.egress_spec = 2;
        if (s.parser_error == error.TooLong) {
            s.egress_spec = 3;
        } else if (s.parser_error == error.StackOutOfBounds) {
            s.egress_spec = 1;
        } else if (s.parser_error != error.NoError) {
            mark_to_drop(s);
        } else if (h.first.command == 1) {
            again(77);
        } else if (h.first.command == 2) {
            h.labels.pop_front(2);
        } else if (h.first.command == 3 && h.labels[1].isValid()) {
            label_t kept = h.labels[0];
            h.labels[0] = h.labels[1];
            h.labels[1] = kept;
        } else if (h.first.command == 4) {
            h.options.setInvalid();
            h.labels[2].setInvalid();
        }
        h.first.command = m.count;
    }
}

control E(inout headers_t h, inout metadata_t m, inout standard_metadata_t s) { apply { } }
control C(inout headers_t h, inout metadata_t m) { apply { } }
control D(packet_out p, in headers_t h) { apply { p.emit(h); } }
V1Switch(P(), V(), I(), E(), C(), D()) main;
