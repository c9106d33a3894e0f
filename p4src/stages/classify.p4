// Finds the ENI behind a port, and refuses packets that cannot be looked at.
//
//   port --hit--> eni, vpc, route table, mac       miss --> UNKNOWN_PORT
//
// Reads meta.origin, meta.port. Writes meta.src_eni, meta.vpc, meta.route_table, meta.eni_mac, and the addresses that the
// router has in the ENI's subnet.
control classify(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    direct_counter(CounterType.packets_and_bytes) hits;

    action from_eni(eni_t eni, vpc_t vpc, route_table_t route_table, mac_t mac, bit<32> router, addr_t router_ipv6) {
        meta.src_eni = eni;
        meta.vpc = vpc;
        meta.route_table = route_table;
        meta.eni_mac = mac;
        meta.router = router;
        meta.router_ipv6 = router_ipv6;
        hits.count();
    }

    action unknown_port() {
        drop(meta, drop_reason_t.UNKNOWN_PORT);
        hits.count();
    }

    @name(".eni_port")
    table eni_port {
        key = {
            meta.port : exact @name("port");
        }
        actions = { from_eni; unknown_port; }
        const default_action = unknown_port();
        size = LOCAL_ENIS;
        counters = hits;
    }

    apply {
        if (std.parser_error != error.NoError) {
            drop(meta, drop_reason_t.MALFORMED);
        } else if (meta.origin == origin_t.ENI) {
            eni_port.apply();
        }
    }
}
