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
// An elastic address has its interface's place with it, which spares a second look into a table as large.
//
//   destination --hit--> vpc, private address, host, eni       miss --> destination --longest prefix--> vpc
//                                                              miss --> left to others
control internet_gateway_inbound(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    direct_counter(CounterType.packets_and_bytes) addresses;
    direct_counter(CounterType.packets_and_bytes) ranges;

    action to_private(vpc_t vpc, underlay_addr_t host, eni_t eni, bit<32> address) {
        meta.vpc = vpc;
        meta.tunnel.dst = host;
        meta.dst_eni = eni;
        meta.edge.translates = true;
        meta.edge.address = IPV4_MAPPED ++ address;
        addresses.count();
    }

    action not_elastic() {
        addresses.count();
    }

    table destination {
        key = {
            meta.flow.dst : exact @name("address");
        }
        actions = { to_private; not_elastic; }
        const default_action = not_elastic();
        size = 1048576;
        counters = addresses;
    }

    action into(vpc_t vpc) {
        meta.vpc = vpc;
        ranges.count();
    }

    action not_ours() {
        ranges.count();
    }

    table range {
        key = {
            meta.flow.dst : lpm @name("range");
        }
        actions = { into; not_ours; }
        const default_action = not_ours();
        size = 16384;
        counters = ranges;
    }

    apply {
        if (meta.edge.network == internet_gateway_network && !destination.apply().hit) {
            range.apply();
        }
    }
}
