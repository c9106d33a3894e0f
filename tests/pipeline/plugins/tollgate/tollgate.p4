@name(".tollgate.passed")
register<bit<32>>(65536) tollgate_passed;

control tollgate_from_eni(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    direct_counter(CounterType.packets) hits;

    action pass(bit<16> cell) {
        bit<32> passed;
        tollgate_passed.read(passed, (bit<32>)cell);
        tollgate_passed.write((bit<32>)cell, passed + 1);
        hits.count();
    }

    action refuse() {
        drop(meta, drop_reason_t.TOLLGATE_CLOSED);
        hits.count();
    }

    table permit {
        key = {
            meta.src_eni : exact @name("eni");
        }
        actions = { pass; refuse; }
        const default_action = refuse();
        size = LOCAL_ENIS;
        counters = hits;
    }

    apply {
        permit.apply();
    }
}
