// Whether the host that a packet came from may send it: it must host the source ENI, be a gateway of the VPC, or pass on
// what it received for an ENI that has just moved away from it.
//
//   table trusted_source (in decap) | cache: (vpc, source) -> host, eni | (vpc, host) | (vpc, destination eni, host)
//
// Reads meta.mapping, meta.tunnel.src, meta.src_eni. Writes meta.drop, meta.mapping.ask.
control source_trust(inout metadata_t meta) {
    direct_counter(CounterType.packets_and_bytes) gateways;
    direct_counter(CounterType.packets_and_bytes) moves;

    action gateway() {
        gateways.count();
    }

    action no_gateway() {
        gateways.count();
    }

    @name(".trusted_gateway")
    table trusted_gateway {
        key = {
            meta.vpc        : exact @name("vpc");
            meta.tunnel.src : exact @name("host");
        }
        actions = { gateway; no_gateway; }
        const default_action = no_gateway();
        size = GATEWAYS;
        counters = gateways;
    }

    action passes_on() {
        moves.count();
    }

    action no_move() {
        moves.count();
    }

    @name(".trusted_redirect")
    table trusted_redirect {
        key = {
            meta.vpc        : exact @name("vpc");
            meta.dst_eni    : exact @name("eni");
            meta.tunnel.src : exact @name("host");
        }
        actions = { passes_on; no_move; }
        const default_action = no_move();
        size = MOVES;
        counters = moves;
    }

    apply {
        if (meta.drop != drop_reason_t.NONE || meta.answered || meta.mapping.trusted
                || meta.origin != origin_t.UNDERLAY) {
            return;
        }
        if (meta.mapping.found && meta.mapping.host != 0 && meta.tunnel.src != 0 && meta.mapping.eni == meta.src_eni
                && (meta.mapping.host == meta.tunnel.src || meta.mapping.other == meta.tunnel.src)) {
            meta.mapping.ask = meta.mapping.ending;
        } else if (trusted_gateway.apply().hit) {
            return;
        } else if (trusted_redirect.apply().hit) {
            return;
        } else if (meta.mapping.policy == miss_policy_t.ON_DEMAND && !meta.mapping.found) {
            meta.mapping.ask = true;
            drop(meta, drop_reason_t.SOURCE_UNKNOWN);
        } else {
            drop(meta, drop_reason_t.UNTRUSTED_SOURCE);
        }
    }
}
