// Finds the bucket of a packet that comes back to a Hyperplane resource, and the bucket's owner. What tells the bucket is the
// packet's destination port; an echo's identifier; what an ICMP error quotes; and for later fragments, the port of the
// datagram's first one.
//
//   resource           --hit--> of_port: how ports are shared out among buckets       miss --> NO_BUCKET
//   (resource, bucket) --hit--> host and ENI of the owner, epoch                      miss --> NO_BUCKET
//
// Reads meta.target, meta.flow, meta.datagram, hdr. Writes meta.service, meta.tunnel.dst, meta.dst_eni, meta.drop.
const bit<32> FRAGMENTED   = 16384;      // datagrams that are remembered
const bit<48> GATHER_TIME  = 30000000;   // microseconds that later fragments may take

control edge_bucket(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    direct_counter(CounterType.packets_and_bytes) resources;
    direct_counter(CounterType.packets_and_bytes) owners;
    register<bit<360>>(FRAGMENTED) fragments;   // source 128, destination 128, protocol 8, id 32, port 16, time 48

    action remember() {
        bit<32> cell;
        hash(cell, HashAlgorithm.crc32, 32w0,
             { meta.flow.src, meta.flow.dst, meta.flow.protocol, meta.datagram.id }, FRAGMENTED);
        fragments.write(cell, meta.flow.src ++ meta.flow.dst ++ meta.flow.protocol ++ meta.datagram.id
                              ++ meta.service.port ++ std.ingress_global_timestamp);
    }

    action recall() {
        bit<32> place;
        bit<360> record;
        hash(place, HashAlgorithm.crc32, 32w0,
             { meta.flow.src, meta.flow.dst, meta.flow.protocol, meta.datagram.id }, FRAGMENTED);
        fragments.read(record, place);
        if (record[359:64] == meta.flow.src ++ meta.flow.dst ++ meta.flow.protocol ++ meta.datagram.id
                && std.ingress_global_timestamp - record[47:0] <= GATHER_TIME) {
            meta.service.port = record[63:48];
        } else {
            drop(meta, drop_reason_t.FRAGMENT_UNKNOWN);
        }
    }

    action of_port(bit<16> first, bit<8> shift, bit<16> last_bucket) {
        meta.service.resource = meta.target.resource;
        meta.service.bucket = ((meta.service.port - first) >> shift) & last_bucket;
        resources.count();
    }

    action no_resource() {
        drop(meta, drop_reason_t.NO_BUCKET);
        resources.count();
    }

    @name(".service_return")
    table service_return {
        key = {
            meta.target.resource : exact @name("resource");
        }
        actions = { of_port; no_resource; }
        const default_action = no_resource();
        size = SERVICES;
        counters = resources;
    }

    action to_owner(underlay_addr_t host, eni_t eni, bit<32> epoch) {
        meta.tunnel.dst = host;
        meta.src_eni = 0;
        meta.dst_eni = eni;
        meta.service.valid = true;
        meta.service.epoch = epoch;
        owners.count();
    }

    action no_owner() {
        drop(meta, drop_reason_t.NO_BUCKET);
        owners.count();
    }

    @name(".service_bucket")
    table service_bucket {
        key = {
            meta.service.resource : exact @name("resource");
            meta.service.bucket   : exact @name("bucket");
        }
        actions = { to_owner; no_owner; }
        const default_action = no_owner();
        size = SERVICE_BUCKETS;
        counters = owners;
    }

    apply {
        if (meta.drop != drop_reason_t.NONE || meta.answered || meta.target.kind != target_kind_t.SERVICE) {
            return;
        }
        if (meta.flow.fragment == fragment_t.LATER) {
            recall();
        } else if (hdr.about_tcp.isValid()) {
            meta.service.port = hdr.about_tcp.src_port;
        } else if (hdr.about_udp.isValid()) {
            meta.service.port = hdr.about_udp.src_port;
        } else if (hdr.about_icmp.isValid()) {
            meta.service.port = hdr.about_ipv4.protocol == PROTOCOL_ICMP ? hdr.about_icmp.identifier
                                                                         : hdr.about_icmp.type ++ hdr.about_icmp.code;
        } else if (hdr.icmp.isValid()) {
            meta.service.port = hdr.icmp.identifier;
        } else {
            meta.service.port = meta.flow.dst_port;
        }
        if (meta.flow.fragment == fragment_t.FIRST) {
            remember();
        }
        if (meta.drop == drop_reason_t.NONE && service_return.apply().hit) {
            service_bucket.apply();
        }
    }
}
