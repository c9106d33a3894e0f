// Lets packets cross from one VPC into another only while the two are peered, and only from the peer's own addresses: a VPC
// in between is no way (peering is not transitive).
//
//   (destination's vpc, source) --longest prefix--> the peer that the source address belongs to
//   from an ENI, by a route to a peer:   it must be the ENI's own VPC, else NOT_PEERED
//   from the underlay:                   the source is looked for there, not in the destination's VPC
//
// Reads meta.vpc, meta.src_vpc, meta.flow, meta.origin, meta.target. Writes meta.src_vpc, meta.mapping.vpc, meta.drop.
control peering(inout metadata_t meta) {
    direct_counter(CounterType.packets_and_bytes) hits;
    vpc_t peer = 0;

    action from_vpc(vpc_t vpc) {
        peer = vpc;
        hits.count();
    }

    action no_peer() {
        hits.count();
    }

    @name(".peering")
    table peering_entry {
        key = {
            meta.vpc      : exact @name("vpc");
            meta.flow.src : lpm @name("source");
        }
        actions = { from_vpc; no_peer; }
        const default_action = no_peer();
        size = PEERINGS;
        counters = hits;
    }

    apply {
        if (meta.drop != drop_reason_t.NONE || meta.answered) {
            return;
        }
        bool crosses = meta.target.kind == target_kind_t.PEER;
        if (meta.origin == origin_t.UNDERLAY) {
            meta.src_vpc = meta.vpc;
            crosses = !meta.mapping.trusted;
        }
        meta.mapping.vpc = meta.vpc;
        if (crosses) {
            peering_entry.apply();
            if (meta.origin == origin_t.UNDERLAY && peer != 0) {
                meta.src_vpc = peer;
                meta.mapping.vpc = peer;
            } else if (meta.origin == origin_t.ENI && peer != meta.src_vpc) {
                drop(meta, drop_reason_t.NOT_PEERED);
            }
        }
    }
}
