// Finds the way to a destination outside, in the network that the gateway leads to.
//
//   (network, destination) --longest prefix--> port, MACs, MTU, the edge's own addresses there       miss --> NO_OUTSIDE_ROUTE
//
// Reads meta.edge.network, meta.flow. Writes meta.edge, meta.mtu, meta.back, meta.drop.
control edge_route(inout metadata_t meta) {
    direct_counter(CounterType.packets_and_bytes) hits;

    action via(port_t port, mac_t mac, mac_t next_hop, bit<16> mtu, bit<32> address, addr_t address_ipv6) {
        meta.edge.out_port = port;
        meta.edge.out_mac = mac;
        meta.edge.next_hop = next_hop;
        meta.mtu = mtu;
        meta.back.router = address;
        meta.back.router_ipv6 = address_ipv6;
        hits.count();
    }

    action no_outside_route() {
        drop(meta, drop_reason_t.NO_OUTSIDE_ROUTE);
        hits.count();
    }

    @name(".outside_route")
    table outside_route {
        key = {
            meta.edge.network : exact @name("network");
            meta.flow.dst     : lpm @name("destination");
        }
        actions = { via; no_outside_route; }
        const default_action = no_outside_route();
        size = 65536;
        counters = hits;
    }

    apply {
        if (meta.drop != drop_reason_t.NONE) {
            return;
        }
        if (meta.edge.network == 0) {
            drop(meta, drop_reason_t.NO_GATEWAY);
        } else {
            outside_route.apply();
        }
    }
}
