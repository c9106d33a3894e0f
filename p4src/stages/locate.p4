// Finds the destination ENI if it is on this host, wherever the packet came from.
//
//   (vpc, eni) --hit--> port, mac       miss --> stays for the underlay, or NOT_HERE when it came from there
//
// Reads meta.vpc, meta.dst_eni, meta.origin. Writes meta.local, meta.local_port, meta.local_mac.
control locate(inout metadata_t meta) {
    direct_counter(CounterType.packets_and_bytes) hits;

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

    apply {
        if (meta.drop != drop_reason_t.NONE || meta.answered) {
            return;
        }
        local_eni.apply();
        if (!meta.local && meta.origin == origin_t.UNDERLAY) {
            drop(meta, drop_reason_t.NOT_HERE);
        }
    }
}
