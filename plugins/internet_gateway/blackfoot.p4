// The internet gateway at the edge: elastic addresses, one to one, and IPv6 without translation.

const bit<16> internet_gateway_network = 1;

// Gives a packet its public source address. The interface is part of the key: nobody uses another's.
//
//   (vpc, eni, source) --hit--> the elastic address | IPv6 as it is       miss --> NO_ELASTIC_ADDRESS
control internet_gateway_outbound(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    direct_counter(CounterType.packets_and_bytes) hits;

    action to_public(bit<32> address) {
        meta.edge.network = internet_gateway_network;
        meta.edge.translates = true;
        meta.edge.address = IPV4_MAPPED ++ address;
        hits.count();
    }

    action as_it_is() {
        meta.edge.network = internet_gateway_network;
        hits.count();
    }

    action no_address() {
        drop(meta, drop_reason_t.NO_ELASTIC_ADDRESS);
        hits.count();
    }

    table source {
        key = {
            meta.vpc      : exact @name("vpc");
            meta.src_eni  : exact @name("eni");
            meta.flow.src : exact @name("address");
        }
        actions = { to_public; as_it_is; no_address; }
        const default_action = no_address();
        size = 1048576;
        counters = hits;
    }

    apply {
        source.apply();
    }
}

// Finds whose public address a packet is for: an elastic address, or an address in the IPv6 range of a VPC.
//
//   destination --longest prefix--> vpc, private address | vpc       miss --> left to others
control internet_gateway_inbound(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    direct_counter(CounterType.packets_and_bytes) hits;

    action to_private(vpc_t vpc, bit<32> address) {
        meta.vpc = vpc;
        meta.edge.translates = true;
        meta.edge.address = IPV4_MAPPED ++ address;
        hits.count();
    }

    action into(vpc_t vpc) {
        meta.vpc = vpc;
        hits.count();
    }

    action not_ours() {
        hits.count();
    }

    table destination {
        key = {
            meta.flow.dst : lpm @name("address");
        }
        actions = { to_private; into; not_ours; }
        const default_action = not_ours();
        size = 1048576;
        counters = hits;
    }

    apply {
        if (meta.edge.network == internet_gateway_network) {
            destination.apply();
        }
    }
}
