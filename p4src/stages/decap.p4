// Takes the encapsulation off, from underlay ports only, and looks whether the outer source is known to host the source ENI.
//
//   (vpc, source eni, outer source) --hit--> trusted       miss --> source_trust decides
//
// Reads the outer headers. Writes meta.vpc, meta.src_eni, meta.dst_eni, meta.mapping.trusted and relay; removes the outer headers of
// what is not a message to this router.
control decap(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    direct_counter(CounterType.packets_and_bytes) hosts;
    direct_counter(CounterType.packets_and_bytes) sources;

    action this_host() {
        hosts.count();
    }

    action other_host() {
        drop(meta, drop_reason_t.NOT_THIS_HOST);
        hosts.count();
    }

    @name(".host_address")
    table host_address {
        key = {
            hdr.underlay.dst : exact @name("address");
        }
        actions = { this_host; other_host; }
        const default_action = other_host();
        size = 16;
        counters = hosts;
    }

    action trusted() {
        meta.mapping.trusted = true;
        sources.count();
    }

    action not_known() {
        sources.count();
    }

    @name(".trusted_source")
    table trusted_source {
        key = {
            meta.vpc        : exact @name("vpc");
            meta.src_eni    : exact @name("eni");
            meta.tunnel.src : exact @name("host");
        }
        actions = { trusted; not_known; }
        const default_action = not_known();
        size = TRUSTED_SOURCES;
        counters = sources;
    }

    action strip() {
        meta.vpc = hdr.geneve.vni;
        meta.src_eni = hdr.option_eni.src;
        meta.dst_eni = hdr.option_eni.dst;
        meta.mapping.relay = meta.dst_eni == 0;
        hdr.underlay.setInvalid();
        hdr.tunnel.setInvalid();
        hdr.geneve.setInvalid();
        hdr.option_eni.setInvalid();
        hdr.option_other[0].setInvalid();
        hdr.option_other[1].setInvalid();
        hdr.option_other[2].setInvalid();
        hdr.option_other[3].setInvalid();
    }

    apply {
        if (meta.drop != drop_reason_t.NONE) {
            return;
        }
        if (std.checksum_error == 1) {
            drop(meta, drop_reason_t.BAD_CHECKSUM);
        } else if (!hdr.message.isValid() && (!hdr.geneve.isValid() || !hdr.option_eni.isValid())) {
            drop(meta, drop_reason_t.NOT_GENEVE);
        } else if (meta.parsing.unknown_critical == 1) {
            drop(meta, drop_reason_t.UNKNOWN_OPTION);
        } else if (!hdr.message.isValid() && !hdr.ipv4.isValid() && !hdr.ipv6.isValid()) {
            drop(meta, drop_reason_t.NOT_IP);
        } else if (host_address.apply().hit && !hdr.message.isValid()) {
            strip();
            trusted_source.apply();
        }
    }
}
