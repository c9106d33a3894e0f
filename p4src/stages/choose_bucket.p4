// Finds the Hyperplane node for a flow: computes the flow's bucket, the only place where that is done, and looks up who owns
// it. Nodes never compute it again.
//
//   resource           --hit--> of_flow | of_source       miss --> NO_BUCKET
//   (resource, bucket) --hit--> host and ENI of the owner, epoch       miss --> NO_BUCKET
//
// Whatever belongs to a flow has the flow's bucket, so the flow is taken as tracking takes it: an echo by its identifier and
// question; an ICMP error as the packet that it is about, turned round; a later fragment with the ports of its datagram's
// first one, which must have been here.
//
// Reads meta.target, meta.flow, meta.datagram, meta.about, meta.track. Writes meta.service, meta.tunnel.dst, meta.dst_eni,
// meta.mapping.known, meta.drop.
const bit<32> SPREAD = 0x9e3779b1;

// The middle of the product: a CRC alone maps neighbouring ports to few buckets.
bit<16> spread(in bit<32> hashed) {
    return ((hashed ^ (hashed >> 15)) * SPREAD)[31:16];
}

control choose_bucket(inout metadata_t meta) {
    direct_counter(CounterType.packets_and_bytes) resources;
    direct_counter(CounterType.packets_and_bytes) owners;
    bit<32> hashed = 0;
    bit<16> mask = 0;
    bit<8>  protocol = meta.about.known ? meta.about.protocol : meta.flow.protocol;

    action of_flow(bit<16> last_bucket) {
        mask = last_bucket;
        hash(hashed, HashAlgorithm.crc32, 32w0,
             { meta.track.local, meta.track.remote, protocol, meta.track.local_port, meta.track.remote_port }, 64w0x100000000);
        resources.count();
    }

    action of_source(bit<16> last_bucket) {
        mask = last_bucket;
        hash(hashed, HashAlgorithm.crc32, 32w0, { meta.track.local, protocol, meta.track.local_port }, 64w0x100000000);
        resources.count();
    }

    // What flow_find does, for a flow that is not tracked: the packet that an error is about went the other way.
    action turn_about() {
        meta.track.local = meta.about.dst;
        meta.track.remote = meta.about.src;
        meta.track.local_port = meta.about.dst_port;
        meta.track.remote_port = meta.about.src_port;
    }

    // `from_here`: the packet that is looked at is the interface's own; an error is about one that was on its way to it.
    action take_icmp(bit<8> type, bit<8> code, bit<16> identifier, bool from_here) {
        bool answer = type == 0 || type == 14 || type == 16 || type == 18 || type == 129 || type == 140;
        bit<16> question = (type == 0 ? 8w8 : (answer ? type - 1 : type)) ++ code;
        meta.track.local_port = answer == from_here ? question : identifier;
        meta.track.remote_port = answer == from_here ? identifier : question;
    }

    action no_resource() {
        drop(meta, drop_reason_t.NO_BUCKET);
        resources.count();
    }

    @name(".service")
    table service_entry {
        key = {
            meta.target.resource : exact @name("resource");
        }
        actions = { of_flow; of_source; no_resource; }
        const default_action = no_resource();
        size = SERVICES;
        counters = resources;
    }

    action to_owner(underlay_addr_t host, eni_t eni, bit<32> epoch) {
        meta.tunnel.dst = host;
        meta.dst_eni = eni;
        meta.mapping.known = true;
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
        if (meta.policy.tracking != tracking_t.OFF) {
            // flow_find has told
        } else if (meta.flow.fragment == fragment_t.LATER) {
            drop(meta, drop_reason_t.FRAGMENT_UNKNOWN);   // nobody has kept the ports of the first one
            return;
        } else if (meta.about.known) {
            turn_about();
            if (protocol == PROTOCOL_ICMP || protocol == PROTOCOL_ICMPV6) {
                take_icmp(meta.about.dst_port[15:8], meta.about.dst_port[7:0], meta.about.src_port, false);
            }
        } else if (protocol == PROTOCOL_ICMP || protocol == PROTOCOL_ICMPV6) {
            take_icmp(meta.flow.icmp_type, meta.flow.icmp_code, meta.datagram.icmp[31:16], true);
        }
        if (service_entry.apply().hit) {
            meta.service.resource = meta.target.resource;
            meta.service.bucket = spread(hashed) & mask;
            service_bucket.apply();
        }
    }
}
