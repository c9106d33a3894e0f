// Keeps out what nobody outside has a reason to send: frames for others, packets for the edge itself, the tunnel's among
// them, and packets from addresses that belong inside or nowhere.
//
//   destination address --hit--> the edge's own: NOT_FOR_ROUTER, or GENEVE_FROM_OUTSIDE
//   source address --longest prefix--> refused, such as MARTIAN       miss --> passes
//
// Reads hdr, meta.edge, meta.flow. Writes meta.drop.
control edge_guard(inout headers_t hdr, inout metadata_t meta) {
    direct_counter(CounterType.packets_and_bytes) own;
    direct_counter(CounterType.packets_and_bytes) sources;

    action own_address() {
        own.count();
    }

    action not_own() {
        own.count();
    }

    @name(".edge_address")
    table edge_address {
        key = {
            meta.flow.dst : exact @name("address");
        }
        actions = { own_address; not_own; }
        const default_action = not_own();
        size = 1024;
        counters = own;
    }

    action refuse(drop_reason_t reason) {
        drop(meta, reason);
        sources.count();
    }

    action plausible() {
        sources.count();
    }

    @name(".martian")
    table martian_source {
        key = {
            meta.edge.network : exact @name("network");
            meta.flow.src     : lpm @name("source");
        }
        actions = { refuse; plausible; }
        const default_action = plausible();
        size = 4096;
        counters = sources;
    }

    apply {
        if (meta.drop != drop_reason_t.NONE || meta.answered) {
            return;
        }
        if (hdr.ethernet.dst != meta.edge.mac) {
            drop(meta, drop_reason_t.NOT_FOR_ROUTER);
        } else if (!hdr.ipv4.isValid() && !hdr.ipv6.isValid()) {
            drop(meta, drop_reason_t.NOT_IP);
        } else if (hdr.ipv6.isValid() && (mapped(hdr.ipv6.src) || mapped(hdr.ipv6.dst))) {
            drop(meta, drop_reason_t.MARTIAN);
        } else if (edge_address.apply().hit) {
            if (hdr.udp.isValid() && hdr.udp.dst_port == GENEVE_PORT) {
                drop(meta, drop_reason_t.GENEVE_FROM_OUTSIDE);
            } else {
                drop(meta, drop_reason_t.NOT_FOR_ROUTER);
            }
        } else {
            martian_source.apply();
        }
    }
}
