// Every operator on fields of the packet; the results leave in the packet.
#include <core.p4>
#include <v1model.p4>

header operands_t {
    bit<8>  op;
    bit<8>  shift;
    bit<32> a;
    bit<32> b;
    bit<64> wide_a;
    bit<64> wide_b;
}

header results_t {
    bit<32>  narrow;
    bit<32>  signed_result;
    bit<64>  wide;
    bit<128> joined;
    bit<8>   truths;
}

struct headers_t { operands_t in_; results_t out_; }
struct metadata_t { }

parser P(packet_in p, out headers_t h, inout metadata_t m, inout standard_metadata_t s) {
    state start {
        p.extract(h.in_);
        transition accept;
    }
}

control V(inout headers_t h, inout metadata_t m) { apply { } }

control I(inout headers_t h, inout metadata_t m, inout standard_metadata_t s) {
    apply {
        bit<32> a = h.in_.a;
        bit<32> b = h.in_.b;
        int<32> x = (int<32>)a;
        int<32> y = (int<32>)b;
        bit<32> r = 0;
        int<32> z = 0;
        if (h.in_.op == 0) { r = a + b; z = x + y; }
        else if (h.in_.op == 1) { r = a - b; z = x - y; }
        else if (h.in_.op == 2) { r = a * b; z = x * y; }
        else if (h.in_.op == 3) { r = a |+| b; z = x |+| y; }
        else if (h.in_.op == 4) { r = a |-| b; z = x |-| y; }
        else if (h.in_.op == 5) { r = a << h.in_.shift; z = x << h.in_.shift; }
        else if (h.in_.op == 6) { r = a >> h.in_.shift; z = x >> h.in_.shift; }
        else if (h.in_.op == 7) { r = a & ~b; z = x ^ -y; }
        else if (h.in_.op == 8) { r = a / 8; z = (int<32>)(int<16>)x[15:0]; }
        else if (h.in_.op == 9) { r = a % 16; z = (int<32>)(int<8>)h.in_.shift; }
        else if (h.in_.op == 10) { r = a < b ? a : b; z = x < y ? x : y; }
        else { r = -a; z = -x; }
        h.out_.setValid();
        h.out_.narrow = r;
        h.out_.signed_result = (bit<32>)z;
        h.out_.wide = (h.in_.wide_a + h.in_.wide_b) ^ (h.in_.wide_a << 3) | (h.in_.wide_b >> 5);
        h.out_.joined = h.in_.wide_a ++ (h.in_.wide_b - 1);
        h.out_.joined[15:8] = h.in_.op;
        h.out_.truths = (bit<8>)((bit<1>)(a < b) ++ (bit<1>)(x < y) ++ (bit<1>)(a == b) ++ (bit<1>)(x >= y)
                                 ++ (bit<1>)(a != b && x > 0) ++ (bit<1>)(a > b || y <= 0) ++ a[0:0] ++ b[31:31]);
        s.egress_spec = 1;
        if (!h.in_.isValid()) { mark_to_drop(s); }
    }
}

control E(inout headers_t h, inout metadata_t m, inout standard_metadata_t s) { apply { } }
control C(inout headers_t h, inout metadata_t m) { apply { } }
control D(packet_out p, in headers_t h) { apply { p.emit(h); } }
V1Switch(P(), V(), I(), E(), C(), D()) main;
