// Finds the destination ENI if it is on this host, wherever the packet came from.
//
//   (vpc, eni) --hit--> port, mac       miss --> on to the underlay
//                                       and came from there --> its new host if it has just moved, else NOT_HERE
//
// Reads meta.vpc, meta.dst_eni, meta.origin. Writes meta.local, meta.local_port, meta.local_mac, meta.tunnel.dst.
control locate(inout metadata_t meta) {
    direct_counter(CounterType.packets_and_bytes) hits;
    direct_counter(CounterType.packets_and_bytes) moves;

    action here(port_t port, mac_t mac) {
        meta.local = true;
        meta.local_port = port;
        meta.local_mac = mac;
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
        actions = { here; elsewhere; }
        const default_action = elsewhere();
        size = LOCAL_ENIS;
        counters = hits;
    }

    action moved_to(underlay_addr_t host) {
        meta.tunnel.dst = host;
        moves.count();
    }

    action not_here() {
        drop(meta, drop_reason_t.NOT_HERE);
        moves.count();
    }

    @name(".moved_eni")
    table moved_eni {
        key = {
            meta.vpc     : exact @name("vpc");
            meta.dst_eni : exact @name("eni");
        }
        actions = { moved_to; not_here; }
        const default_action = not_here();
        size = MOVES;
        counters = moves;
    }

    apply {
        if (meta.drop != drop_reason_t.NONE || meta.answered || meta.origin == origin_t.ROUTER) {
            return;
        }
        local_eni.apply();
        if (!meta.local && meta.origin == origin_t.UNDERLAY && !meta.mapping.relay) {
            moved_eni.apply();
        }
    }
}
