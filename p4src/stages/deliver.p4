// Hands the packet to the destination ENI if it is on this host, wherever the packet came from.
//
//   (vpc, eni) --hit--> port, mac       miss --> stays for the underlay, or NOT_HERE when it came from there
//
// Reads meta.vpc, meta.dst_eni, meta.origin. Writes hdr.ethernet, meta.delivered through egress_spec.
control deliver(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    direct_counter(CounterType.packets_and_bytes) hits;

    action to_port(port_t port, mac_t mac) {
        std.egress_spec = port;
        hdr.ethernet.dst = mac;
        hdr.ethernet.src = ROUTER_MAC;
        hdr.ethernet.type = meta.inner_type;
        meta.tunnel.dst = 0;
        hits.count();
    }

    action elsewhere() {
        hits.count();
    }

    @name(".local_eni")
    table local_eni {
        key = {
            meta.vpc     : exact @name("vpc");
            meta.dst_eni : exact @name("eni");
        }
        actions = { to_port; elsewhere; }
        const default_action = elsewhere();
        size = LOCAL_ENIS;
        counters = hits;
    }

    apply {
        if (meta.drop != drop_reason_t.NONE || meta.answered) {
            return;
        }
        if (!local_eni.apply().hit && meta.origin == origin_t.UNDERLAY) {
            drop(meta, drop_reason_t.NOT_HERE);
        }
    }
}
