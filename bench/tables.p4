// One table with an exact key and one with prefixes: what P4Runtime writes are measured on.
//
//   Ethernet --> station (exact) --> port
//   IPv4     --> route (longest prefix) --> port
#include <core.p4>
#include <v1model.p4>

const bit<32> ENTRIES = 262144;

header ethernet_t {
    bit<48> dst;
    bit<48> src;
    bit<16> type;
}

header ipv4_t {
    bit<128> start;
    bit<32>  dst;
}

struct headers_t {
    ethernet_t ethernet;
    ipv4_t     ipv4;
}

struct metadata_t {}

parser parse(packet_in packet, out headers_t hdr, inout metadata_t meta, inout standard_metadata_t standard) {
    state start {
        packet.extract(hdr.ethernet);
        transition select(hdr.ethernet.type) {
            0x0800: ipv4;
            default: accept;
        }
    }
    state ipv4 {
        packet.extract(hdr.ipv4);
        transition accept;
    }
}

control verify_checksums(inout headers_t hdr, inout metadata_t meta) {
    apply {}
}

control ingress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t standard) {
    action drop() {
        mark_to_drop(standard);
    }

    action to_port(bit<9> port) {
        standard.egress_spec = port;
    }

    @name(".station")
    table station {
        key = { hdr.ethernet.dst : exact @name("address"); }
        actions = { to_port; drop; }
        const default_action = drop();
        size = ENTRIES;
    }

    @name(".route")
    table route {
        key = { hdr.ipv4.dst : lpm @name("destination"); }
        actions = { to_port; drop; }
        const default_action = drop();
        size = ENTRIES;
    }

    apply {
        if (hdr.ipv4.isValid()) {
            route.apply();
        } else {
            station.apply();
        }
    }
}

control egress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t standard) {
    apply {}
}

control update_checksums(inout headers_t hdr, inout metadata_t meta) {
    apply {}
}

control deparse(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr);
    }
}

V1Switch(parse(), verify_checksums(), ingress(), egress(), update_checksums(), deparse()) main;
