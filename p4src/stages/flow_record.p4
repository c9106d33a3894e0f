// Writes what flow_find has found into the flow table, once nothing on this ENI's side can drop the packet any more: a new
// record for a new flow, new state and expiry for a known one, and a record of its own for a datagram that comes in pieces.
//
// A new flow is refused when it may not begin here, when its ENI has as many as it may, or when both its buckets are full.
//
// Reads meta.track, meta.slot, meta.state, meta.policy, meta.datagram. Writes meta.drop, the flow table.
control flow_record(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    flow_look() look;
    bit<48> now = std.ingress_global_timestamp;
    flow_event_t event = flow_event_t.CREATED;
    bit<1> tracked = 0;    // the packet's flow has a record

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

    action expire() {
        meta.state.expiry = now + (bit<48>)meta.state.timeout * 1000000;
        mark_way(meta, meta.slot.tag);
    }

    action create() {
        meta.state.port = meta.slot.port;
        meta.slot.probe = meta.slot.way;
        flow_keys.write(meta.slot.probe, meta.slot.key);
        count_live(meta.slot.port, 1);
        expire();
        store_flow(meta);
    }

    action update() {
        if (meta.state.timeout != 0) {
            expire();
        }
        store_flow(meta);
    }

    action remove() {
        count_live(meta.state.port, 0xffffffff);
        mark_way(meta, 0);
    }

    // Start 48, then out and in: packets 40, bytes 56; TCP flags 8 out, 8 in.
    action count(bit<1> first) {
        bit<256> row = now ++ 208w0;
        if (first == 0) {
            flow_log.read(row, meta.slot.log);
        }
        bit<96> leaving = row[207:112];
        bit<96> coming = row[111:16];
        bit<8> flags_out = row[15:8];
        bit<8> flags_in = row[7:0];
        if (meta.track.outbound) {
            leaving = (leaving[95:56] + 1) ++ (leaving[55:0] + (bit<56>)meta.inner_length);
            flags_out = flags_out | meta.flow.tcp_flags;
        } else {
            coming = (coming[95:56] + 1) ++ (coming[55:0] + (bit<56>)meta.inner_length);
            flags_in = flags_in | meta.flow.tcp_flags;
        }
        flow_log.write(meta.slot.log, row[255:208] ++ leaving ++ coming ++ flags_out ++ flags_in);
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
        if (meta.state.receiver.end != 0 && meta.state.sender.maxack >= meta.state.receiver.end) {
            remove();
        } else {
            store_flow(meta);
        }
    }

    apply {
        if (meta.track.forget && meta.slot.hit == 1) {
            remove();
            flow_events.count((bit<32>)(bit<8>)flow_event_t.DELETED);
            return;
        }
        if (meta.drop != drop_reason_t.NONE || meta.answered) {
            return;
        }
        meta.slot.log = meta.slot.way;
        if (meta.track.verdict == track_verdict_t.NEW && !meta.track.untracked) {
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
            create();
            count(1);
            flow_events.count((bit<32>)(bit<8>)event);
            tracked = 1;
        } else if (meta.slot.hit == 1 && meta.track.verdict == track_verdict_t.FRAGMENT) {
            if (!meta.track.untracked) {
                meta.slot.log = meta.slot.flow;
                count(0);
            }
            follow_fragment();
        } else if (meta.slot.hit == 1 && meta.track.verdict != track_verdict_t.RELATED) {
            tracked = 1;
            count(0);
            if (meta.state.ended == 1) {
                remove();
                flow_events.count((bit<32>)(bit<8>)flow_event_t.ENDED);
            } else if (meta.state.changed == 1) {
                update();
            }
        }
        if (meta.flow.fragment == fragment_t.FIRST && (tracked == 1 || meta.track.untracked)) {
            meta.slot.flow = meta.slot.way;
            look.apply(meta, now, meta.track.outbound ? KEY_FRAGMENTS_OUT : KEY_FRAGMENTS_IN, meta.flow.protocol,
                       meta.datagram.id[31:16], meta.datagram.id[15:0]);
            describe_datagram();
            bit<32> live;
            flow_live.read(live, (bit<32>)meta.slot.port);
            if (meta.slot.hit == 1) {
                give_up();
                meta.slot.bucket = meta.slot.way >> 2;
                create();
            } else if (live >= meta.policy.limit) {
                drop(meta, drop_reason_t.FLOW_LIMIT);
            } else if (meta.slot.room == 0) {
                drop(meta, drop_reason_t.FLOW_TABLE_FULL);
            } else {
                if (meta.slot.used == 1) {
                    give_up();
                }
                create();
            }
        }
    }
}
