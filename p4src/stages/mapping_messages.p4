// Messages of the mapping service to this router: answers and changes go into the cache. Where a confirmation is wanted the
// message turns round as one, else it ends here.
//
//   outer source --hit--> a mapping server       miss --> UNKNOWN_SERVER
//
// Reads hdr.message, meta.tunnel.src. Writes meta.vpc, hdr.message, meta.answered, meta.consumed.
const bit<8> MAPPING_ANSWER = 2;
const bit<8> MAPPING_ACK    = 3;

control mapping_messages(inout headers_t hdr, inout metadata_t meta) {
    direct_counter(CounterType.packets_and_bytes) hits;

    action server() {
        meta.vpc = hdr.message.vpc;
        hits.count();
    }

    action stranger() {
        drop(meta, drop_reason_t.UNKNOWN_SERVER);
        hits.count();
    }

    @name(".mapping_server")
    table mapping_server_entry {
        key = {
            meta.tunnel.src : exact @name("address");
        }
        actions = { server; stranger; }
        const default_action = stranger();
        size = MAPPING_SERVERS;
        counters = hits;
    }

    apply {
        if (meta.drop != drop_reason_t.NONE || !hdr.message.isValid()) {
            return;
        }
        if (mapping_server_entry.apply().hit && hdr.message.type != MAPPING_ANSWER) {
            drop(meta, drop_reason_t.BAD_MESSAGE);
        }
    }
}

control mapping_confirm(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    action turn_round() {
        std.egress_spec = std.ingress_port;
        mac_t mac = hdr.ethernet.dst;
        hdr.ethernet.dst = hdr.ethernet.src;
        hdr.ethernet.src = mac;
        underlay_addr_t address = hdr.underlay.dst;
        hdr.underlay.dst = hdr.underlay.src;
        hdr.underlay.src = address;
        hdr.underlay.ttl = TUNNEL_TTL;
        bit<16> port = hdr.tunnel.dst_port;
        hdr.tunnel.dst_port = hdr.tunnel.src_port;
        hdr.tunnel.src_port = port;
        hdr.tunnel.checksum = 0;
        hdr.message.type = MAPPING_ACK;
    }

    apply {
        if (meta.drop != drop_reason_t.NONE || meta.origin != origin_t.UNDERLAY || !hdr.message.isValid()) {
            return;
        }
        meta.answered = true;
        if (hdr.message.flags[0:0] == 1 && hdr.underlay.isValid() && hdr.tunnel.isValid()) {
            turn_round();
        } else {
            meta.consumed = true;
        }
    }
}
