// Picks the physical host behind an inner address, from what the controller has written.
//
//   (vpc, destination) --hit--> host, eni       miss --> the cache, then the VPC's miss policy
//
// Looks at what instances send, unless the route has found a device or a node already, and at what other hosts leave to this
// one as the VPC's gateway (destination ENI 0).
//
// Reads meta.vpc, meta.flow, meta.target, meta.origin, meta.mapping.relay. Writes meta.tunnel.dst, meta.dst_eni, meta.mapping.known.
control mapping(inout metadata_t meta) {
    direct_counter(CounterType.packets_and_bytes) hits;

    action to_host(underlay_addr_t host, eni_t eni) {
        meta.tunnel.dst = host;
        meta.dst_eni = eni;
        meta.mapping.known = true;
        hits.count();
    }

    action not_preloaded() {
        hits.count();
    }

    @name(".mapping")
    table mapping_entry {
        key = {
            meta.vpc            : exact @name("vpc");
            meta.target.address : exact @name("address");
        }
        actions = { to_host; not_preloaded; }
        const default_action = not_preloaded();
        size = MAPPINGS;
        counters = hits;
    }

    apply {
        if (meta.drop != drop_reason_t.NONE || meta.answered) {
            return;
        }
        if (meta.mapping.relay) {
            meta.target.address = meta.flow.dst;
        }
        if (meta.mapping.relay || (meta.origin == origin_t.ENI && !meta.mapping.known)) {
            mapping_entry.apply();
        }
    }
}
