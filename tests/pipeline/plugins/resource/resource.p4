// Whatever comes from outside for an address is for a resource.
control resource_inbound(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    direct_counter(CounterType.packets_and_bytes) hits;

    action to_resource(vpc_t vpc, resource_t resource) {
        meta.vpc = vpc;
        meta.target.kind = target_kind_t.SERVICE;
        meta.target.resource = resource;
        hits.count();
    }

    action not_one() {
        hits.count();
    }

    table address {
        key = {
            meta.flow.dst : exact @name("address");
        }
        actions = { to_resource; not_one; }
        const default_action = not_one();
        size = 16;
        counters = hits;
    }

    apply {
        address.apply();
    }
}
