control veto_from_eni(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    direct_counter(CounterType.packets) hits;

    action refuse() {
        drop(meta, drop_reason_t.VETO_MARKED);
        hits.count();
    }

    table protocols {
        key = {
            meta.flow.protocol : exact @name("protocol");
        }
        actions = { refuse; NoAction; }
        const default_action = NoAction();
        const entries = {
            250 : refuse();
        }
        counters = hits;
    }

    apply {
        protocols.apply();
    }
}

control veto_to_eni(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    apply {
        if (meta.flow.dst_port == 8) {
            drop(meta, drop_reason_t.VETO_ARRIVED);
        }
    }
}
