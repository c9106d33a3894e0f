// Finds the physical host behind an address of a VPC, for what came from outside. The table has prefixes: single addresses,
// and for the rest of a VPC the host that knows it.
//
//   nobody has claimed the packet --> NO_PUBLIC_ADDRESS
//   (vpc, destination) --longest prefix--> host, eni       miss --> NO_MAPPING
//
// Reads meta.vpc, meta.edge, meta.flow. Writes meta.tunnel.dst, meta.src_eni, meta.dst_eni, meta.drop.
control edge_mapping(inout metadata_t meta) {
    direct_counter(CounterType.packets_and_bytes) hits;
    addr_t address = meta.flow.dst;

    action to_host(underlay_addr_t host, eni_t eni) {
        meta.tunnel.dst = host;
        meta.src_eni = 0;
        meta.dst_eni = eni;
        hits.count();
    }

    action no_mapping() {
        drop(meta, drop_reason_t.NO_MAPPING);
        hits.count();
    }

    @name(".edge_mapping")
    table edge_mapping_entry {
        key = {
            meta.vpc : exact @name("vpc");
            address  : lpm @name("address");
        }
        actions = { to_host; no_mapping; }
        const default_action = no_mapping();
        size = MAPPINGS;
        counters = hits;
    }

    apply {
        if (meta.drop != drop_reason_t.NONE || meta.answered || meta.service.valid) {
            return;
        }
        if (meta.vpc == 0) {
            drop(meta, drop_reason_t.NO_PUBLIC_ADDRESS);
            return;
        }
        if (meta.edge.translates) {
            address = meta.edge.address;
        }
        edge_mapping_entry.apply();
    }
}
