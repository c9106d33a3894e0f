// Network ACLs: ordered rules at the boundary of a subnet, for each packet and each direction by itself.
//
//   ENI                                            --> the ACL of its subnet, and the subnet's ranges
//   remote address inside these ranges             --> not at the boundary: passes
//   (ACL, remote, protocol, port or ICMP type and code) --lowest rule number--> allow | deny     miss --> NETWORK_ACL
//
// Reads meta.track, meta.flow. Writes meta.drop.

const bit<32> NACL_RULES = 65536;

control nacl_rules(inout metadata_t meta) {
    direct_counter(CounterType.packets_and_bytes) subnets;
    direct_counter(CounterType.packets_and_bytes) hits;

    bool boundary = false;
    bit<32> acl_id = 0;

    action guard(bit<32> acl, addr_t network, addr_t mask, addr_t ipv6_network, addr_t ipv6_mask) {
        acl_id = acl;
        boundary = (meta.track.remote & mask) != network && (meta.track.remote & ipv6_mask) != ipv6_network;
        subnets.count();
    }

    action refuse_unguarded() {
        drop(meta, drop_reason_t.NETWORK_ACL);
        subnets.count();
    }

    action allow() {
        hits.count();
    }

    action deny() {
        drop(meta, drop_reason_t.NETWORK_ACL);
        hits.count();
    }

    table subnet {
        key = {
            meta.track.eni : exact @name("eni");
        }
        actions = { guard; refuse_unguarded; }
        const default_action = refuse_unguarded();
        size = LOCAL_ENIS;
        counters = subnets;
    }

    table rule {
        key = {
            acl_id              : exact @name("acl");
            meta.inner_type     : ternary @name("type");
            meta.track.remote   : ternary @name("remote");
            meta.flow.protocol  : ternary @name("protocol");
            meta.flow.dst_port  : range @name("port");
            meta.flow.icmp_type : ternary @name("icmp_type");
            meta.flow.icmp_code : ternary @name("icmp_code");
        }
        actions = { allow; deny; }
        const default_action = deny();
        size = NACL_RULES;
        counters = hits;
    }

    apply {
        subnet.apply();
        if (boundary) {
            rule.apply();
        }
    }
}

control nacl_from_eni(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    @name(".nacl.outbound") nacl_rules() outbound;

    apply {
        outbound.apply(meta);
    }
}

control nacl_to_eni(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    @name(".nacl.inbound") nacl_rules() inbound;

    apply {
        inbound.apply(meta);
    }
}
