// The internet gateway in the router: nothing from the internet reaches an interface whose own routes do not lead back there,
// and through an egress-only gateway only answers do, as the interface's flow records tell.

// Sees to it that flows through an egress-only gateway are tracked, whatever else says that they need not be.
//
//   gateway --hit--> egress only: tracked       miss --> as it is
control internet_gateway_to_underlay(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    direct_counter(CounterType.packets_and_bytes) hits;

    action tracked() {
        meta.track.untracked = false;
        hits.count();
    }

    action as_it_is() {
        hits.count();
    }

    table egress_only {
        key = {
            meta.target.eni : exact @name("gateway");
        }
        actions = { tracked; as_it_is; }
        const default_action = as_it_is();
        size = 16384;
        counters = hits;
    }

    apply {
        if (meta.target.kind == target_kind_t.NEXT_HOP) {
            egress_only.apply();
        }
    }
}

// Looks at what edges send (no interface is its source), as the routes of the destination's subnet say.
//
//   (eni, source) --longest prefix--> open | answers only       miss --> NO_WAY_BACK
control internet_gateway_to_eni(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    direct_counter(CounterType.packets_and_bytes) hits;

    action open_way() {
        hits.count();
    }

    action answers_only() {
        if (meta.track.verdict == track_verdict_t.NEW || meta.track.verdict == track_verdict_t.NONE) {
            drop(meta, drop_reason_t.EGRESS_ONLY);
        }
        hits.count();
    }

    action no_way_back() {
        drop(meta, drop_reason_t.NO_WAY_BACK);
        hits.count();
    }

    table way_back {
        key = {
            meta.dst_eni  : exact @name("eni");
            meta.flow.src : lpm @name("source");
        }
        actions = { open_way; answers_only; no_way_back; }
        const default_action = no_way_back();
        size = 65536;
        counters = hits;
    }

    apply {
        if (meta.origin == origin_t.UNDERLAY && meta.src_eni == 0) {
            way_back.apply();
        }
    }
}
