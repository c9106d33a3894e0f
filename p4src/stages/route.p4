// Decides which kind of target the packet's destination has.
//
//   (route table, destination) --longest prefix--> local       the ENI that has the address
//                                                  to_eni      one ENI, such as a middlebox
//                                                  to_vpc      the ENI that has the address in a peered VPC
//                                                  to_next_hop devices of a kind: the edges, for a gateway
//                                                  to_service  a Hyperplane resource
//                                                  to_target   what a plugin's target kind stands for
//                                                  refuse      a black hole, with its reason
//                              miss --> NO_ROUTE
//
// Which id of AWS (igw-, pcx-, eni- ...) becomes which of them is the controller's knowledge, and its plugins'.
//
// Reads meta.route_table, meta.flow. Writes meta.target, meta.mtu, meta.vpc and meta.src_vpc, meta.dst_eni, meta.drop.
control route(inout metadata_t meta) {
    direct_counter(CounterType.packets_and_bytes) hits;

    action local() {
        meta.mtu = INSTANCE_MTU;
        hits.count();
    }

    action to_eni(eni_t eni, addr_t address) {
        meta.target.kind = target_kind_t.INTERFACE;
        meta.target.address = address;
        meta.target.eni = eni;
        meta.mtu = INSTANCE_MTU;
        hits.count();
    }

    action to_vpc(vpc_t vpc, bit<16> mtu) {
        meta.target.kind = target_kind_t.PEER;
        meta.vpc = vpc;
        meta.mtu = mtu;
        hits.count();
    }

    action to_next_hop(next_hop_t next_hop, eni_t gateway, bit<16> mtu) {
        meta.target.kind = target_kind_t.NEXT_HOP;
        meta.target.next_hop = next_hop;
        meta.target.eni = gateway;
        meta.mtu = mtu;
        hits.count();
    }

    action to_target(target_kind_t kind, resource_t resource) {
        meta.target.kind = kind;
        meta.target.resource = resource;
        meta.mtu = INSTANCE_MTU;
        hits.count();
    }

    action to_service(resource_t resource, bit<16> mtu) {
        meta.target.kind = target_kind_t.SERVICE;
        meta.target.resource = resource;
        meta.mtu = mtu;
        hits.count();
    }

    action refuse(drop_reason_t reason) {
        drop(meta, reason);
        hits.count();
    }

    action no_route() {
        drop(meta, drop_reason_t.NO_ROUTE);
        hits.count();
    }

    @name(".route")
    table route_entry {
        key = {
            meta.route_table : exact @name("route_table");
            meta.flow.dst    : lpm @name("destination");
        }
        actions = { local; to_eni; to_vpc; to_next_hop; to_service; to_target; refuse; no_route; }
        const default_action = no_route();
        size = ROUTES;
        counters = hits;
    }

    apply {
        if (meta.drop != drop_reason_t.NONE || meta.answered) {
            return;
        }
        meta.src_vpc = meta.vpc;
        meta.target.address = meta.flow.dst;
        route_entry.apply();
    }
}
