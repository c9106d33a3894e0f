// What a VPC does about addresses that the router has no mapping for.
//
//   vpc --hit--> preload | on_demand | by_gateway | serve       miss --> preload
//
// Not looked up when tables have already decided. A message of the mapping service must be about a VPC that asks it.
//
// Reads meta.vpc, meta.mapping. Writes meta.mapping.policy and its parameters, meta.drop.
control mapping_policy(inout headers_t hdr, inout metadata_t meta) {
    direct_counter(CounterType.packets_and_bytes) hits;

    action preload() {
        meta.mapping.policy = miss_policy_t.PRELOAD;
        hits.count();
    }

    action on_demand(bit<64> secret, underlay_addr_t service, underlay_addr_t gateway) {
        meta.mapping.policy = miss_policy_t.ON_DEMAND;
        meta.mapping.secret = secret;
        meta.mapping.service = service;
        meta.mapping.gateway = gateway;
        hits.count();
    }

    action by_gateway(underlay_addr_t gateway) {
        meta.mapping.policy = miss_policy_t.GATEWAY;
        meta.mapping.gateway = gateway;
        hits.count();
    }

    action serve() {
        meta.mapping.policy = miss_policy_t.SERVE;
        hits.count();
    }

    @name(".mapping_policy")
    table mapping_policy_entry {
        key = {
            meta.vpc : exact @name("vpc");
        }
        actions = { preload; on_demand; by_gateway; serve; }
        const default_action = preload();
        size = VPCS;
        counters = hits;
    }

    apply {
        bool decided = meta.mapping.trusted && !meta.mapping.relay;
        if (meta.origin == origin_t.ENI) {
            decided = meta.mapping.known;
        }
        if (meta.drop != drop_reason_t.NONE || meta.answered || decided || meta.origin == origin_t.ROUTER) {
            return;
        }
        mapping_policy_entry.apply();
        if (hdr.message.isValid() && meta.mapping.policy != miss_policy_t.ON_DEMAND) {
            drop(meta, drop_reason_t.BAD_MESSAGE);
        } else if (meta.mapping.relay && meta.mapping.policy != miss_policy_t.SERVE) {
            drop(meta, drop_reason_t.NOT_HERE);
        }
    }
}
