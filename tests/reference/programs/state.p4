// Registers, counters, hashes and checksums; a packet is resubmitted and recirculated with fields that it keeps.
#include <core.p4>
#include <v1model.p4>

header head_t { bit<8> command; bit<8> index; bit<16> checksum; bit<32> value; }
header seen_t { bit<32> sum; bit<32> crc32; bit<16> crc16; bit<16> csum; bit<8> passes; }
struct headers_t { head_t head; seen_t seen; }
struct metadata_t {
    @field_list(1)
    bit<8> passes;
    @field_list(1)
    bit<8> command;
}

parser P(packet_in p, out headers_t h, inout metadata_t m, inout standard_metadata_t s) {
    state start {
        p.extract(h.head);
        transition select(m.passes) {
            0: accept;
            default: seen;
        }
    }
    state seen {
        p.extract(h.seen);
        transition accept;
    }
}

control V(inout headers_t h, inout metadata_t m) {
    apply {
        verify_checksum(h.head.command[7:7] == 1, { h.head.command, h.head.index, h.head.value }, h.head.checksum,
                        HashAlgorithm.csum16);
    }
}

control I(inout headers_t h, inout metadata_t m, inout standard_metadata_t s) {
    register<bit<32>>(256) sums;

    action accumulate() {
        bit<32> sum;
        sums.read(sum, (bit<32>)h.head.index);
        sum = sum + h.head.value;
        sums.write((bit<32>)h.head.index, sum);
        h.seen.setValid();
        h.seen.sum = sum;
        hash(h.seen.crc32, HashAlgorithm.crc32, 32w0, { h.head.index, h.head.value }, 64w0x100000000);
        hash(h.seen.crc16, HashAlgorithm.crc16, 16w10, { h.head.value, sum }, 32w1000);
        hash(h.seen.csum, HashAlgorithm.csum16, 16w0, { h.head.value, h.head.command, 8w0 }, 32w0x10000);
    }

    apply {
        if (!h.head.isValid()) { mark_to_drop(s); return; }
        s.egress_spec = s.checksum_error == 1 ? 9w3 : 9w1;
        if (m.passes == 0) {
            accumulate();
            m.command = h.head.command & 3;
        }
        m.passes = m.passes + 1;
        h.seen.passes = m.passes;
        if (m.command == 1 && m.passes == 1) {
            h.head.index = 255;
        }
    }
}

control E(inout headers_t h, inout metadata_t m, inout standard_metadata_t s) {
    apply {
        if (m.command == 2 && m.passes < 4) {
            recirculate_preserving_field_list(1);
        }
    }
}

control C(inout headers_t h, inout metadata_t m) {
    apply {
        update_checksum(h.head.isValid(), { h.head.command, h.head.index, h.head.value, h.seen.sum }, h.head.checksum,
                        HashAlgorithm.csum16);
    }
}

control D(packet_out p, in headers_t h) { apply { p.emit(h); } }
V1Switch(P(), V(), I(), E(), C(), D()) main;
