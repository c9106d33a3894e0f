// Finds the physical host behind an address of a VPC, for what came from outside: single addresses first, then prefixes, such
// as those that a host knows that maps for others.
//
//   nobody has claimed the packet --> NO_PUBLIC_ADDRESS
//   the plugin that claimed it knows the host, too --> as it says
//   (vpc, destination) --hit--> host, eni       miss --> (vpc, destination) --longest prefix--> host, eni
//                                               miss --> NO_MAPPING
//
// Reads meta.vpc, meta.edge, meta.flow. Writes meta.tunnel.dst, meta.src_eni, meta.dst_eni, meta.drop.
control edge_mapping(inout metadata_t meta) {
    direct_counter(CounterType.packets_and_bytes) hits;
    direct_counter(CounterType.packets_and_bytes) prefixes;
    addr_t address = meta.flow.dst;

    action to_host(underlay_addr_t host, eni_t eni) {
        meta.tunnel.dst = host;
        meta.src_eni = 0;
        meta.dst_eni = eni;
        hits.count();
    }

    action by_prefix() {
        hits.count();
    }

    @name(".edge_mapping")
    table edge_mapping_entry {
        key = {
            meta.vpc : exact @name("vpc");
            address  : exact @name("address");
        }
        actions = { to_host; by_prefix; }
        const default_action = by_prefix();
        size = MAPPINGS;
        counters = hits;
    }

    action to_prefix_host(underlay_addr_t host, eni_t eni) {
        meta.tunnel.dst = host;
        meta.src_eni = 0;
        meta.dst_eni = eni;
        prefixes.count();
    }

    action no_mapping() {
        drop(meta, drop_reason_t.NO_MAPPING);
        prefixes.count();
    }

    @name(".edge_mapping_prefix")
    table edge_mapping_prefix {
        key = {
            meta.vpc : exact @name("vpc");
            address  : lpm @name("address");
        }
        actions = { to_prefix_host; no_mapping; }
        const default_action = no_mapping();
        size = VPCS;
        counters = prefixes;
    }

    apply {
        if (meta.drop != drop_reason_t.NONE || meta.answered || meta.service.valid) {
            return;
        }
        if (meta.vpc == 0) {
            drop(meta, drop_reason_t.NO_PUBLIC_ADDRESS);
            return;
        }
        if (meta.tunnel.dst != 0) {
            meta.src_eni = 0;
            return;
        }
        if (meta.edge.translates) {
            address = meta.edge.address;
        }
        if (!edge_mapping_entry.apply().hit) {
            edge_mapping_prefix.apply();
        }
    }
}
