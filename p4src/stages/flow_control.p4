// What the controller asks about the flow table, by packets through the CPU port: each question is a packet_out, and comes
// back as a packet_in.
//
//   DUMP   : the next record from way `first` on that fits the filter; `first` and `count` come back as where to go on
//   DELETE : removes all records that fit; `found` comes back as how many
//   COUNT  : how many records fit
//   IMPORT : writes the record that the question carries, for the ENI behind `port`; `found` comes back as 1
//
// A question looks at SCANNED_BUCKETS buckets at most; the asker goes on from where it stopped. Times in a record travel as
// durations: the expiry as what is left, the start as what has passed.
//
// Reads hdr.packet_out. Writes hdr.packet_in, the flow table, meta.drop.
const bit<32> SCANNED_BUCKETS = 1024;

control flow_control(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    flow_look() look;
    bit<48> now = std.ingress_global_timestamp;
    bit<32> way = hdr.packet_out.first;
    bit<32> left = hdr.packet_out.count;
    bit<32> found = 0;
    bit<336> key = 0;

    action answer() {
        std.egress_spec = CPU_PORT;
        hdr.packet_in.op = hdr.packet_out.op;
        hdr.packet_in.token = hdr.packet_out.token;
        hdr.packet_in.first = way;
        hdr.packet_in.count = left;
        hdr.packet_in.found = found;
        hdr.packet_out.setInvalid();
    }

    action read_key() {
        bit<80> ends;
        bit<128> own;
        bit<128> other;
        flow_ends.read(ends, meta.slot.probe);
        flow_own.read(own, meta.slot.probe);
        flow_other.read(other, meta.slot.probe);
        key = ends ++ own ++ other;
    }

    action scan() {
        bit<128> state = 0;
        bit<128> lanes = 0;
        for (bit<32> turn = 0; turn < SCANNED_BUCKETS * 4; turn = turn + 1) {
            if (left == 0 || way >= FLOW_WAYS) {
                left = 0;
                break;
            }
            if (turn == 0 || way[1:0] == 0) {
                flow_buckets.read(lanes, way >> 2);
                lanes = lanes >> ((bit<8>)way[1:0] << 5);
                if (lanes == 0 && way[1:0] == 0) {
                    turn = turn + 3;
                    way = way + 3;
                    left = left > 3 ? left - 3 : 1;
                }
            }
            bit<1> fits = 0;
            if (lanes[31:16] != 0) {
                meta.slot.probe = way;
                read_key();
                flow_state.read(state, way);
                if (state[127:80] > now
                        && (hdr.packet_out.eni == 0 || hdr.packet_out.eni == key[335:304])
                        && (hdr.packet_out.protocol == 0 || hdr.packet_out.protocol == key[295:288])
                        && (hdr.packet_out.local_port == 0 || hdr.packet_out.local_port == key[287:272])
                        && (hdr.packet_out.remote_port == 0 || hdr.packet_out.remote_port == key[271:256])
                        && (hdr.packet_out.local == 0 || hdr.packet_out.local == key[255:128])
                        && (hdr.packet_out.remote == 0 || hdr.packet_out.remote == key[127:0])) {
                    fits = 1;
                    found = found + 1;
                }
            }
            if (fits == 1 && hdr.packet_out.op == FLOW_DELETE) {
                bit<128> word;
                bit<32> live;
                flow_buckets.read(word, way >> 2);
                flow_buckets.write(way >> 2, word & ~(128w0xffffffff << ((bit<8>)way[1:0] << 5)));
                flow_live.read(live, (bit<32>)state[79:71]);
                flow_live.write((bit<32>)state[79:71], live - 1);
                flow_events.count((bit<32>)(bit<8>)flow_event_t.DELETED);
            }
            way = way + 1;
            left = left - 1;
            lanes = lanes >> 32;
            if (fits == 1 && hdr.packet_out.op == FLOW_DUMP) {
                break;
            }
        }
        hdr.packet_in.key = key;
        hdr.packet_in.state = state;
    }

    action ship() {
        bit<32> at = way - 1;
        bit<128> column;
        bit<128> log_out;
        bit<128> log_in;
        meta.slot.log = at;
        flow_local.read(column, at);
        hdr.packet_in.local_side = column;
        flow_remote.read(column, at);
        hdr.packet_in.remote_side = column;
        flow_last.read(column, at);
        if (key[295:288] != PROTOCOL_TCP) {
            column = (now - column[127:80]) ++ column[79:0];
        }
        hdr.packet_in.last = column;
        hdr.packet_in.state = (hdr.packet_in.state[127:80] - now) ++ hdr.packet_in.state[79:0];
        flow_log_out.read(log_out, meta.slot.log);
        flow_log_in.read(log_in, meta.slot.log);
        bit<48> age = now - (log_out[23:0] ++ log_in[23:0]);
        hdr.packet_in.log = log_out[127:24] ++ age[47:24] ++ log_in[127:24] ++ age[23:0];
    }

    action take_key() {
        meta.policy.secret = hdr.packet_out.secret;
        meta.track.eni = hdr.packet_out.eni;
        meta.track.local = hdr.packet_out.local;
        meta.track.remote = hdr.packet_out.remote;
    }

    action import_flow() {
        bit<32> live;
        bit<128> last = hdr.packet_out.last;
        port_t port = hdr.packet_out.port[8:0];
        if (hdr.packet_out.protocol != PROTOCOL_TCP) {
            last = (now - last[127:80]) ++ last[79:0];
        }
        if (meta.slot.hit == 1 || meta.slot.used == 1) {
            bit<128> old;
            flow_state.read(old, meta.slot.way);
            flow_live.read(live, (bit<32>)old[79:71]);
            flow_live.write((bit<32>)old[79:71], live - 1);
        }
        bit<48> began = now - (hdr.packet_out.log[151:128] ++ hdr.packet_out.log[23:0]);
        meta.state.expiry = now + hdr.packet_out.state[127:80];
        flow_ends.write(meta.slot.probe, meta.slot.ends);
        flow_own.write(meta.slot.probe, meta.track.local);
        flow_other.write(meta.slot.probe, meta.track.remote);
        flow_local.write(meta.slot.way, hdr.packet_out.local_side);
        flow_remote.write(meta.slot.way, hdr.packet_out.remote_side);
        flow_last.write(meta.slot.way, last);
        flow_state.write(meta.slot.way, meta.state.expiry ++ port ++ hdr.packet_out.state[70:0]);
        flow_log_out.write(meta.slot.log, hdr.packet_out.log[255:152] ++ began[47:24]);
        flow_log_in.write(meta.slot.log, hdr.packet_out.log[127:24] ++ began[23:0]);
        flow_live.read(live, (bit<32>)port);
        flow_live.write((bit<32>)port, live + 1);
        mark_way(meta);
        found = 1;
        flow_events.count((bit<32>)(bit<8>)flow_event_t.IMPORTED);
    }

    apply {
        if (meta.drop != drop_reason_t.NONE || meta.answered) {
            return;
        }
        meta.answered = true;
        hdr.packet_in.setValid();
        hdr.packet_in = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
        if (hdr.packet_out.op == FLOW_DUMP || hdr.packet_out.op == FLOW_DELETE || hdr.packet_out.op == FLOW_COUNT) {
            scan();
            if (hdr.packet_out.op == FLOW_DUMP && found == 1) {
                ship();
            }
        } else if (hdr.packet_out.op == FLOW_IMPORT) {
            take_key();
            look.apply(meta, now, KEY_FLOW, hdr.packet_out.protocol, hdr.packet_out.local_port, hdr.packet_out.remote_port);
            if (meta.slot.hit == 1 || meta.slot.room == 1) {
                import_flow();
            }
        } else {
            drop(meta, drop_reason_t.BAD_CONTROL);
            return;
        }
        answer();
    }
}
