// Picks the physical host behind an inner address.
//
//   (vpc, destination) --hit--> host, eni       miss --> NO_MAPPING
//
// Reads meta.vpc, meta.flow. Writes meta.tunnel.dst, meta.dst_eni.
control mapping(inout metadata_t meta) {
    direct_counter(CounterType.packets_and_bytes) hits;

    action to_host(underlay_addr_t host, eni_t eni) {
        meta.tunnel.dst = host;
        meta.dst_eni = eni;
        hits.count();
    }

    action no_mapping() {
        drop(meta, drop_reason_t.NO_MAPPING);
        hits.count();
    }

    @name(".mapping")
    table mapping_entry {
        key = {
            meta.vpc      : exact @name("vpc");
            meta.flow.dst : exact @name("address");
        }
        actions = { to_host; no_mapping; }
        const default_action = no_mapping();
        size = MAPPINGS;
        counters = hits;
    }

    apply {
        if (meta.drop != drop_reason_t.NONE || meta.answered) {
            return;
        }
        mapping_entry.apply();
    }
}
