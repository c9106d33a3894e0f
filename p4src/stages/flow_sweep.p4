// A tick: sweeps some buckets of the flow table, from where the last tick stopped, and removes records that have expired.
//
// Reads meta.origin, the clock. Writes the flow table, meta.consumed.
const bit<32> SWEPT_BUCKETS = 256;   // by one tick
const bit<16> FLOW_DUE      = 1;     // units to a sweep time below which the record itself is looked at

register<bit<32>>(1) flow_swept;     // the bucket that is next

control flow_sweep(inout metadata_t meta, inout standard_metadata_t std) {
    action sweep() {
        bit<48> now = std.ingress_global_timestamp;
        bit<32> at;
        flow_swept.read(at, 0);
        for (bit<32> turn = 0; turn < SWEPT_BUCKETS; turn = turn + 1) {
            bit<128> lanes;
            flow_buckets.read(lanes, at);
            if (lanes != 0) {
                bit<128> left = lanes;
                bit<32> way = at << 2;
                bit<1> changed = 0;
                for (bit<8> lane = 0; lane < 128; lane = lane + 32) {
                    if (left[31:16] != 0 && (left[15:0] - now[38:23] <= FLOW_DUE || flow_over(left[15:0], now[38:23]))) {
                        bit<128> state;
                        flow_state.read(state, way);
                        if (state[127:80] <= now) {
                            bit<32> live;
                            flow_live.read(live, (bit<32>)state[79:71]);
                            flow_live.write((bit<32>)state[79:71], live - 1);
                            lanes = lanes & ~(128w0xffffffff << lane);
                            changed = 1;
                            flow_events.count((bit<32>)(bit<8>)flow_event_t.AGED);
                        }
                    }
                    left = left >> 32;
                    way = way + 1;
                }
                if (changed == 1) {
                    flow_buckets.write(at, lanes);
                }
            }
            at = (at + 1) & (FLOW_BUCKETS - 1);
        }
        flow_swept.write(0, at);
    }

    apply {
        meta.answered = true;
        meta.consumed = true;
        sweep();
    }
}
