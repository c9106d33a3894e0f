// Refuses packets that cannot be looked at, and finds the network behind a port that faces outside.
//
//   port --hit--> network, the edge's own MAC and addresses there       miss --> UNKNOWN_PORT
//
// Reads meta.origin, meta.port. Writes meta.edge, meta.back, meta.mtu.
control edge_port(inout metadata_t meta, inout standard_metadata_t std) {
    direct_counter(CounterType.packets_and_bytes) hits;

    action outside(network_t network, mac_t mac, bit<32> address, addr_t address_ipv6) {
        meta.edge.network = network;
        meta.edge.mac = mac;
        meta.back.host = 0;
        meta.back.router = address;
        meta.back.router_ipv6 = address_ipv6;
        meta.mtu = INSTANCE_MTU;
        hits.count();
    }

    action unknown_port() {
        drop(meta, drop_reason_t.UNKNOWN_PORT);
        hits.count();
    }

    @name(".outside_port")
    table outside_port {
        key = {
            meta.port : exact @name("port");
        }
        actions = { outside; unknown_port; }
        const default_action = unknown_port();
        size = 512;
        counters = hits;
    }

    apply {
        if (std.parser_error != error.NoError) {
            drop(meta, drop_reason_t.MALFORMED);
        } else if (meta.origin == origin_t.OUTSIDE && !meta.quoted) {
            outside_port.apply();
        }
    }
}
