// Picks one of the devices that a route's next hop stands for. Each next hop has NEXT_HOP_WAYS ways, and a flow always takes
// the same one; the controller shares the ways out among the devices that are alive, so that the loss of one moves only its
// flows.
//
//   (next hop, hash of the flow) --hit--> device       miss --> NO_NEXT_HOP
//
// Where a destination ENI would be, the packet carries the number of the gateway that the route names.
//
// Reads meta.target, meta.flow. Writes meta.tunnel.dst, meta.dst_eni, meta.mapping.known, meta.drop.
control choose_device(inout metadata_t meta) {
    direct_counter(CounterType.packets_and_bytes) hits;
    bit<16> way = 0;

    action to_device(underlay_addr_t host) {
        meta.tunnel.dst = host;
        meta.dst_eni = meta.target.eni;
        meta.mapping.known = true;
        hits.count();
    }

    action no_device() {
        drop(meta, drop_reason_t.NO_NEXT_HOP);
        hits.count();
    }

    @name(".next_hop")
    table next_hop_entry {
        key = {
            meta.target.next_hop : exact @name("next_hop");
            way                  : exact @name("way");
        }
        actions = { to_device; no_device; }
        const default_action = no_device();
        size = NEXT_HOPS;
        counters = hits;
    }

    apply {
        if (meta.drop != drop_reason_t.NONE || meta.answered || meta.target.kind != target_kind_t.NEXT_HOP) {
            return;
        }
        hash(way, HashAlgorithm.crc32, 16w0,
             { meta.flow.src, meta.flow.dst, meta.flow.protocol, meta.flow.src_port, meta.flow.dst_port }, NEXT_HOP_WAYS);
        next_hop_entry.apply();
    }
}
