// Between a record's columns and meta.state. docs/flows.md has the bits.

#ifndef FLOW_RECORD_P4
#define FLOW_RECORD_P4

flow_side_t side_of(in bit<128> column, in bit<4> scale, in bit<8> flags) {
    flow_side_t side;
    side.end = column[127:96];
    side.maxend = column[95:64];
    side.maxwin = column[63:32];
    side.maxack = column[31:0];
    side.scale = (bit<8>)scale;
    side.flags = flags;
    return side;
}

// Reads the record in meta.slot.way. One that has expired is as good as none: its way is free.
action load_flow(inout metadata_t meta, in bit<48> now) {
    bit<128> local;
    bit<128> remote;
    bit<128> last;
    bit<128> state;
    flow_state.read(state, meta.slot.way);
    flow_local.read(local, meta.slot.way);
    flow_remote.read(remote, meta.slot.way);
    flow_last.read(last, meta.slot.way);
    meta.state.expiry = state[127:80];
    meta.state.port = state[79:71];
    meta.state.state = (flow_state_t)(bit<8>)state[70:67];
    meta.state.first_outbound = state[66:66];
    meta.state.seen_reply = state[65:65];
    meta.state.assured = state[64:64];
    meta.state.last_outbound = state[39:39];
    meta.state.last_kind = (bit<8>)state[38:36];
    meta.state.last_flags = (bit<8>)state[35:32];
    meta.state.last_scale = (bit<8>)state[31:28];
    meta.state.retransmissions = (bit<8>)state[27:24];
    meta.state.last_seq = last[127:96];
    meta.state.last_ack = last[95:64];
    meta.state.last_end = last[63:32];
    meta.state.last_window = last[31:16];
    meta.track.mark = last[15:0];
    meta.state.since = last[127:80];
    if (meta.track.outbound) {
        meta.state.sender = side_of(local, state[63:60], state[59:52]);
        meta.state.receiver = side_of(remote, state[51:48], state[47:40]);
    } else {
        meta.state.sender = side_of(remote, state[51:48], state[47:40]);
        meta.state.receiver = side_of(local, state[63:60], state[59:52]);
    }
    if (meta.state.expiry <= now) {
        meta.slot.hit = 0;
        meta.slot.room = 1;
        meta.slot.used = 1;
    }
}

bit<128> column_of(in flow_side_t side) {
    return side.end ++ side.maxend ++ side.maxwin ++ side.maxack;
}

// Writes meta.state to meta.slot.way.
action store_flow(inout metadata_t meta) {
    bit<128> sender = column_of(meta.state.sender);
    bit<128> receiver = column_of(meta.state.receiver);
    bit<12> sender_bits = meta.state.sender.scale[3:0] ++ meta.state.sender.flags;
    bit<12> receiver_bits = meta.state.receiver.scale[3:0] ++ meta.state.receiver.flags;
    bit<80> last = meta.state.last_ack[15:0] ++ meta.state.last_end ++ meta.state.last_window ++ meta.track.mark;
    bit<24> sides;
    if (meta.track.outbound) {
        flow_local.write(meta.slot.way, sender);
        flow_remote.write(meta.slot.way, receiver);
        sides = sender_bits ++ receiver_bits;
    } else {
        flow_local.write(meta.slot.way, receiver);
        flow_remote.write(meta.slot.way, sender);
        sides = receiver_bits ++ sender_bits;
    }
    if (meta.flow.protocol == PROTOCOL_TCP) {
        flow_last.write(meta.slot.way, meta.state.last_seq ++ meta.state.last_ack[31:16] ++ last);
    } else {
        flow_last.write(meta.slot.way, meta.state.since ++ last);
    }
    flow_state.write(meta.slot.way, meta.state.expiry ++ meta.state.port ++ ((bit<8>)meta.state.state)[3:0] ++
                     meta.state.first_outbound ++ meta.state.seen_reply ++ meta.state.assured ++ sides ++
                     meta.state.last_outbound ++ meta.state.last_kind[2:0] ++ meta.state.last_flags[3:0] ++
                     meta.state.last_scale[3:0] ++ meta.state.retransmissions[3:0] ++ 24w0);
}

// Gives the way its tag and its sweep time in the bucket's word; a tag of 0 frees it.
action mark_way(inout metadata_t meta) {
    bit<128> lanes;
    bit<8> lane = ((bit<8>)meta.slot.way[1:0]) << 5;
    bit<16> until = meta.state.expiry[38:23] + 1;
    flow_buckets.read(lanes, meta.slot.bucket);
    lanes = (lanes & ~(128w0xffffffff << lane)) | ((bit<128>)(meta.slot.tag ++ until) << lane);
    flow_buckets.write(meta.slot.bucket, lanes);
}

#endif
