// Finds out what kind of gateway a packet from the underlay is for; vrouters write the gateway's number where a destination
// ENI would be. The packet must come from the host of its source ENI.
//
//   (vpc, gateway) --hit--> kind       miss --> NO_GATEWAY
//
// Reads meta.vpc, meta.dst_eni, meta.mapping.trusted, meta.tunnel.src. Writes meta.kind, meta.back, meta.drop.
control edge_gateway(inout headers_t hdr, inout metadata_t meta) {
    direct_counter(CounterType.packets_and_bytes) hits;

    action of_kind(resource_kind_t kind) {
        meta.kind = kind;
        hits.count();
    }

    action no_gateway() {
        drop(meta, drop_reason_t.NO_GATEWAY);
        hits.count();
    }

    @name(".edge_gateway")
    table gateway {
        key = {
            meta.vpc     : exact @name("vpc");
            meta.dst_eni : exact @name("gateway");
        }
        actions = { of_kind; no_gateway; }
        const default_action = no_gateway();
        size = EDGE_GATEWAYS;
        counters = hits;
    }

    apply {
        if (meta.drop != drop_reason_t.NONE) {
            return;
        }
        if (hdr.message.isValid()) {
            drop(meta, drop_reason_t.BAD_MESSAGE);
        } else if (!meta.mapping.trusted) {
            drop(meta, drop_reason_t.UNTRUSTED_SOURCE);
        } else if (hdr.ipv6.isValid() && (mapped(hdr.ipv6.src) || mapped(hdr.ipv6.dst))) {
            drop(meta, drop_reason_t.MARTIAN);
        } else {
            meta.back.host = meta.tunnel.src;
            meta.back.vpc = meta.vpc;
            meta.back.eni = meta.src_eni;
            gateway.apply();
        }
    }
}
