// Tells the controller of every packet: a digest of its first bytes, and the packet itself on the CPU port 64.
#include <core.p4>
#include <v1model.p4>

header start_t {
    bit<16> kind;
    bit<16> number;
}

struct headers_t {
    start_t start;
}

struct metadata_t {}

struct seen_t {
    bit<16> number;
    bit<9>  port;
}

parser parse(packet_in packet, out headers_t hdr, inout metadata_t meta, inout standard_metadata_t standard) {
    state start {
        packet.extract(hdr.start);
        transition accept;
    }
}

control no_checksums(inout headers_t hdr, inout metadata_t meta) {
    apply {}
}

control ingress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t standard) {
    table known {
        key = { hdr.start.number : exact; }
        actions = { NoAction; }
        support_timeout = true;
        size = 16;
    }

    apply {
        known.apply();
        if (hdr.start.kind == 1) {
            digest<seen_t>(1, { hdr.start.number, standard.ingress_port });
        }
        standard.egress_spec = 64;
    }
}

control egress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t standard) {
    apply {}
}

control deparse(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.start);
    }
}

V1Switch(parse(), no_checksums(), ingress(), egress(), no_checksums(), deparse()) main;
