// Writes what flow_find has found into the flow table, once nothing on this ENI's side can drop the packet any more: a new
// record for a new flow, new state and expiry for a known one, and a record of its own for a datagram that comes in pieces.
//
// A new flow is refused when it may not begin here, when its ENI has as many as it may, or when both its buckets are full.
//
// Reads meta.track, meta.slot, meta.state, meta.policy, meta.datagram. Writes meta.drop, the flow table.
const bit<8> NOTHING = 0;   // with the record
const bit<8> STORE   = 1;
const bit<8> PROLONG = 2;   // and store
const bit<8> REMOVE  = 3;

control flow_record(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    flow_look() look;
    bit<48> now = std.ingress_global_timestamp;
    flow_event_t event = flow_event_t.CREATED;
    bit<1> tracked = 0;    // the packet's flow has a record
    bit<8> todo = NOTHING;

    action count_live(port_t port, bit<32> change) {
        bit<32> live;
        flow_live.read(live, (bit<32>)port);
        flow_live.write((bit<32>)port, live + change);
    }

    action give_up() {
        bit<128> old;
        flow_state.read(old, meta.slot.way);
        count_live(old[79:71], 0xffffffff);
    }

    // The way becomes a new record's.
    action begin() {
        meta.state.port = meta.slot.port;
        flow_ends.write(meta.slot.probe, meta.slot.ends);
        flow_own.write(meta.slot.probe, meta.track.local);
        flow_other.write(meta.slot.probe, meta.track.remote);
        count_live(meta.slot.port, 1);
    }

    action expire() {
        meta.state.expiry = now + (bit<48>)meta.state.timeout * 1000000;
    }

    action begin_log() {
        flow_log_out.write(meta.slot.log, 104w0 ++ now[47:24]);
        flow_log_in.write(meta.slot.log, 104w0 ++ now[23:0]);
    }

    // Packets 40, bytes 56, TCP flags 8; what is behind stays.
    action count() {
        bit<128> row;
        if (meta.track.outbound) {
            flow_log_out.read(row, meta.slot.log);
        } else {
            flow_log_in.read(row, meta.slot.log);
        }
        row = (row[127:88] + 1) ++ (row[87:32] + (bit<56>)meta.inner_length) ++ (row[31:24] | meta.flow.tcp_flags) ++ row[23:0];
        if (meta.track.outbound) {
            flow_log_out.write(meta.slot.log, row);
        } else {
            flow_log_in.write(meta.slot.log, row);
        }
    }

    // What later fragments will need: docs/flows.md has the fields.
    action describe_datagram() {
        bit<32> base = hdr.tcp.seq - ((bit<32>)hdr.tcp.offset << 2);
        if (meta.flow.tcp_flags & 2 != 0) {
            base = base + 1;
        }
        if (meta.flow.tcp_flags & 1 != 0) {
            base = base + 1;
        }
        meta.state.sender = { base, meta.slot.flow, (bit<32>)meta.datagram.length, (bit<32>)meta.datagram.length, 0, 0 };
        meta.state.receiver = { 0, meta.track.local_port ++ meta.track.remote_port, meta.track.untracked ? 32w1 : 0,
                                16w0 ++ meta.flow.icmp_type ++ meta.flow.icmp_code, 0, 0 };
        meta.state.state = flow_state_t.FRAGMENTS;
        meta.state.first_outbound = meta.track.outbound ? 1w1 : 0;
        meta.state.timeout = meta.policy.fragments;
    }

    // A later fragment: the datagram's record ends when all of it has come. TCP's end is known only now.
    action follow_fragment() {
        bit<32> end = (bit<32>)meta.datagram.offset + (bit<32>)meta.datagram.length;
        bit<128> column;
        meta.state.sender.maxack = meta.state.sender.maxack + (bit<32>)meta.datagram.length;
        if (meta.datagram.more == 0) {
            meta.state.receiver.end = end;
        }
        if (meta.flow.protocol == PROTOCOL_TCP && !meta.track.untracked) {
            end = end + meta.state.sender.end;
            if (meta.track.outbound) {
                flow_local.read(column, meta.slot.flow);
                if (after(end, column[127:96])) {
                    flow_local.write(meta.slot.flow, end ++ column[95:0]);
                }
            } else {
                flow_remote.read(column, meta.slot.flow);
                if (after(end, column[127:96])) {
                    flow_remote.write(meta.slot.flow, end ++ column[95:0]);
                }
            }
        }
        todo = meta.state.receiver.end != 0 && meta.state.sender.maxack >= meta.state.receiver.end ? REMOVE : STORE;
    }

    apply {
        if (meta.track.forget && meta.slot.hit == 1) {
            todo = REMOVE;
            flow_events.count((bit<32>)(bit<8>)flow_event_t.DELETED);
        } else if (meta.drop != drop_reason_t.NONE || meta.answered) {
            return;
        } else if (meta.track.verdict == track_verdict_t.NEW && !meta.track.untracked) {
            if (meta.track.midstream) {
                event = flow_event_t.PICKED_UP;
                if (meta.state.pickable == 0
                        || (meta.policy.tracking != tracking_t.LOOSE && now >= meta.policy.pickup_until)) {
                    drop(meta, drop_reason_t.INVALID_FLOW);
                    return;
                }
            }
            if (meta.state.reopened == 1) {
                event = flow_event_t.REOPENED;
                meta.slot.used = 1;
                meta.slot.room = 1;
            }
            bit<32> live;
            flow_live.read(live, (bit<32>)meta.slot.port);
            if (live >= meta.policy.limit && meta.state.reopened == 0) {
                drop(meta, drop_reason_t.FLOW_LIMIT);
                return;
            }
            if (meta.slot.room == 0) {
                drop(meta, drop_reason_t.FLOW_TABLE_FULL);
                return;
            }
            if (meta.slot.used == 1) {
                give_up();
                if (meta.state.reopened == 0) {
                    flow_events.count((bit<32>)(bit<8>)flow_event_t.RECLAIMED);
                }
            }
            begin();
            begin_log();
            todo = PROLONG;
            tracked = 1;
            flow_events.count((bit<32>)(bit<8>)event);
        } else if (meta.slot.hit == 1 && meta.track.verdict == track_verdict_t.FRAGMENT) {
            meta.slot.log = meta.slot.flow;
            tracked = meta.track.untracked ? 1w0 : 1;
            follow_fragment();
        } else if (meta.slot.hit == 1 && meta.track.verdict != track_verdict_t.RELATED) {
            tracked = 1;
            if (meta.state.ended == 1) {
                todo = REMOVE;
                flow_events.count((bit<32>)(bit<8>)flow_event_t.ENDED);
            } else if (meta.state.changed == 1) {
                todo = meta.state.timeout != 0 ? PROLONG : STORE;
            }
        }
        if (tracked == 1) {
            count();
        }
        if (todo == PROLONG) {
            expire();
        }
        if (todo == REMOVE) {
            count_live(meta.state.port, 0xffffffff);
            meta.slot.tag = 0;
        }
        if (todo >= PROLONG) {
            mark_way(meta);
        }
        if (todo == STORE || todo == PROLONG) {
            store_flow(meta);
        }
        if (meta.flow.fragment == fragment_t.FIRST && !meta.track.forget && (tracked == 1 || meta.track.untracked)) {
            meta.slot.flow = meta.slot.way;
            look.apply(meta, now, meta.track.outbound ? KEY_FRAGMENTS_OUT : KEY_FRAGMENTS_IN, meta.flow.protocol,
                       meta.datagram.id[31:16], meta.datagram.id[15:0]);
            describe_datagram();
            bit<32> live;
            flow_live.read(live, (bit<32>)meta.slot.port);
            if (meta.slot.hit == 0) {
                if (live >= meta.policy.limit) {
                    drop(meta, drop_reason_t.FLOW_LIMIT);
                    return;
                }
                if (meta.slot.room == 0) {
                    drop(meta, drop_reason_t.FLOW_TABLE_FULL);
                    return;
                }
            }
            if (meta.slot.hit == 1 || meta.slot.used == 1) {
                give_up();
            }
            begin();
            expire();
            mark_way(meta);
            store_flow(meta);
        }
    }
}
