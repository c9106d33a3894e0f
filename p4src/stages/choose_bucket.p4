// Finds the Hyperplane node for a flow: computes the flow's bucket, the only place where that is done, and looks up who owns
// it. Nodes never compute it again.
//
//   resource           --hit--> of_flow | of_source       miss --> NO_BUCKET
//   (resource, bucket) --hit--> host and ENI of the owner, epoch       miss --> NO_BUCKET
//
// Reads meta.target, meta.flow. Writes meta.service, meta.tunnel.dst, meta.dst_eni, meta.mapping.known, meta.drop.
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

    action of_flow(bit<16> last_bucket) {
        mask = last_bucket;
        hash(hashed, HashAlgorithm.crc32, 32w0,
             { meta.flow.src, meta.flow.dst, meta.flow.protocol, meta.flow.src_port, meta.flow.dst_port }, 64w0x100000000);
        resources.count();
    }

    action of_source(bit<16> last_bucket) {
        mask = last_bucket;
        hash(hashed, HashAlgorithm.crc32, 32w0, { meta.flow.src, meta.flow.protocol, meta.flow.src_port }, 64w0x100000000);
        resources.count();
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
        if (service_entry.apply().hit) {
            meta.service.resource = meta.target.resource;
            meta.service.bucket = spread(hashed) & mask;
            service_bucket.apply();
        }
    }
}
