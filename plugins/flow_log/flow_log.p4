// Counts what interfaces send and receive, flow by flow, in a table that the controller reads and empties.
//
//   packet --> the ENI that it leaves: egress     --> (ENI, direction, verdict, 5-tuple) --> first, last, packets, bytes, flags
//          --> the ENI that it enters: ingress    -->  as above                              no room: counted as missed
//
// A packet has one verdict at each ENI. REJECT: a plugin's rules or the flow table refused it there; all else is ACCEPT, also
// what is dropped further on. Not logged: what is no IP packet of the ENI's own (malformed, spoofed, neighbour discovery),
// what the router answers itself, and its answers.
//
// A row's place follows from a hash of its key with a secret, two buckets of four rows, the emptier one for a new row.
//
//   key 336: ENI 32, kind 8 (egress 1, reject 2), protocol 8, source port 16, destination port 16, source 128, destination 128
//   row 256: first 48, last 48, packets 40, bytes 56, TCP flags 8, 56 zeros
//
// Reads meta.flow, meta.track, meta.drop, meta.local. Writes its own registers; the control packets' headers.

#ifndef FLOW_LOG_BITS
#define FLOW_LOG_BITS 15
#endif
const bit<32> FLOW_LOG_BUCKETS = 1 << FLOW_LOG_BITS;
const bit<32> FLOW_LOG_ROWS    = FLOW_LOG_BUCKETS * 4;
const bit<32> FLOW_LOG_SCANNED = 4096;                     // rows, by one question

const bit<8> FLOW_LOG_READ     = 64;   // a control packet: takes the next row out of the table
const bit<8> FLOW_LOG_EGRESS   = 1;    // bits of a key's kind
const bit<8> FLOW_LOG_REJECT   = 2;
const bit<8> FLOW_LOG_FLAGS    = 0x3f; // FIN, SYN, RST, PSH, ACK, URG
const bit<8> FLOW_LOG_ACK      = 0x10; // alone it is not logged
const bit<8> FLOW_LOG_REASONS  = 64;   // drop reasons from here on are those of plugins

@name(".flow_log.tags") register<bit<64>>(FLOW_LOG_BUCKETS) flow_log_tags;   // 16 bits for each row, 0 = free
@name(".flow_log.keys") register<bit<336>>(FLOW_LOG_ROWS) flow_log_keys;
@name(".flow_log.rows") register<bit<256>>(FLOW_LOG_ROWS) flow_log_rows;
@name(".flow_log.missed") counter(PORTS, CounterType.packets_and_bytes) flow_log_missed;

control flow_log_side(inout metadata_t meta, in bit<48> now, in eni_t eni, in port_t port, in bit<8> kind) {
    direct_counter(CounterType.packets_and_bytes) hits;

    bool logged = false;
    bit<128> secret = 0;
    bit<336> row_key = 0;
    bit<16> tag = 0;
    bit<32> place = 0;
    bit<1> hit = 0;
    bit<1> room = 0;
    bit<64> left = 0;
    bit<64> right = 0;

    action log(bit<128> hash_secret) {
        logged = true;
        secret = hash_secret;
        hits.count();
    }

    action skip() {
        hits.count();
    }

    table interface {
        key = {
            eni : exact @name("eni");
        }
        actions = { log; skip; }
        const default_action = skip();
        size = LOCAL_ENIS;
        counters = hits;
    }

    action look_up() {
        bit<64> ends = eni ++ meta.flow.src_port ++ meta.flow.dst_port;
        bit<64> mixed = fold(meta.flow.src[63:0] ^ secret[63:0], ends ^ secret[127:64]);
        mixed = fold(meta.flow.src[127:64] ^ mixed, meta.flow.dst[63:0] ^ secret[95:32]);
        mixed = fold(meta.flow.dst[127:64] ^ mixed, (kind ++ meta.flow.protocol ++ 48w0) ^ secret[127:64]);
        bit<32> first = mixed[63:32] & (FLOW_LOG_BUCKETS - 1);
        bit<32> second = mixed[31:0] & (FLOW_LOG_BUCKETS - 1);
        bit<8> used_left = 0;
        bit<8> used_right = 0;
        bit<32> free_left = 0;
        bit<32> free_right = 0;
        tag = mixed[63:48] | 1;
        row_key = eni ++ kind ++ meta.flow.protocol ++ meta.flow.src_port ++ meta.flow.dst_port ++ meta.flow.src ++ meta.flow.dst;
        flow_log_tags.read(left, first);
        flow_log_tags.read(right, second);
        bit<64> tags = left;
        bit<32> at = first << 2;
        for (bit<8> turn = 0; turn < 8; turn = turn + 1) {
            if (tags[15:0] == tag) {
                bit<336> found;
                flow_log_keys.read(found, at);
                if (found == row_key) {
                    hit = 1;
                    place = at;
                    break;
                }
            }
            if (turn < 4) {
                if (tags[15:0] == 0) {
                    free_left = at;
                } else {
                    used_left = used_left + 1;
                }
            } else if (tags[15:0] == 0) {
                free_right = at;
            } else {
                used_right = used_right + 1;
            }
            tags = tags >> 16;
            at = at + 1;
            if (turn == 3) {
                tags = right;
                at = second << 2;
            }
        }
        if (hit == 0 && used_left <= used_right) {
            place = free_left;
            room = used_left == 4 ? 1w0 : 1w1;
        } else if (hit == 0) {
            place = free_right;
            room = 1;
        }
    }

    action take() {
        bit<64> tags;
        flow_log_tags.read(tags, place >> 2);
        flow_log_tags.write(place >> 2, tags | ((bit<64>)tag << ((bit<8>)place[1:0] << 4)));
        flow_log_keys.write(place, row_key);
        flow_log_rows.write(place, now ++ 208w0);
    }

    action count() {
        bit<256> row;
        bit<8> flags = meta.flow.tcp_flags & FLOW_LOG_FLAGS;
        if (flags == FLOW_LOG_ACK) {
            flags = 0;
        }
        flow_log_rows.read(row, place);
        bit<40> packets = row[159:120] + 1;
        bit<56> octets = row[119:64] + (bit<56>)meta.inner_length;
        flow_log_rows.write(place, row[255:208] ++ now ++ packets ++ octets ++ (row[63:56] | flags) ++ 56w0);
    }

    apply {
        interface.apply();
        if (!logged) {
            return;
        }
        look_up();
        if (hit == 0 && room == 0) {
            flow_log_missed.count((bit<32>)port);
            return;
        }
        if (hit == 0) {
            take();
        }
        count();
    }
}

control flow_log_end(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    @name(".flow_log.leaving") flow_log_side() leaving;
    @name(".flow_log.entering") flow_log_side() entering;

    apply {
        if (meta.quoted || (!hdr.ipv4.isValid() && !hdr.ipv6.isValid()) || meta.track.verdict == track_verdict_t.UNTRACKED) {
            return;
        }
        bool by_plugin = (bit<8>)meta.drop >= FLOW_LOG_REASONS;
        bool by_tracker = meta.drop == drop_reason_t.INVALID_FLOW || meta.drop == drop_reason_t.FLOW_TABLE_FULL
            || meta.drop == drop_reason_t.FLOW_LIMIT || meta.drop == drop_reason_t.FRAGMENT_UNKNOWN;
        // A packet that its sender's side drops is not looked for at the receiver's: no verdict.
        bool entered = meta.local && (meta.drop == drop_reason_t.NONE || by_plugin
            || (by_tracker && !meta.track.outbound
                && (meta.track.verdict != track_verdict_t.NONE || meta.drop == drop_reason_t.FRAGMENT_UNKNOWN)));
        bool refused = by_plugin || by_tracker;
        bool own = meta.origin == origin_t.ENI && (!meta.answered || meta.reply.kind == reply_t.TOO_BIG)
            && meta.drop != drop_reason_t.MALFORMED && meta.drop != drop_reason_t.UNKNOWN_PORT
            && meta.drop != drop_reason_t.SPOOFED_MAC && meta.drop != drop_reason_t.SPOOFED_ADDRESS
            && meta.drop != drop_reason_t.NOT_IP && meta.drop != drop_reason_t.NOT_ANSWERED;
        bit<48> now = std.ingress_global_timestamp;
        if (own) {
            eni_t eni = meta.src_eni;
            port_t port = meta.port;
            bit<8> kind = FLOW_LOG_EGRESS;
            if (refused && !entered) {
                kind = FLOW_LOG_EGRESS | FLOW_LOG_REJECT;
            }
            leaving.apply(meta, now, eni, port, kind);
        }
        if (entered) {
            eni_t eni = meta.dst_eni;
            port_t port = meta.local_port;
            bit<8> kind = 0;
            if (refused) {
                kind = FLOW_LOG_REJECT;
            }
            entering.apply(meta, now, eni, port, kind);
        }
    }
}

// READ: the next row from `first` on, which is then free. `first` and `count` come back as where to go on, `found` as 1;
// first and last as what has passed since; the switch's clock in `state`.
control flow_log_control(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    bit<48> now = std.ingress_global_timestamp;
    bit<32> place = hdr.packet_out.first;
    bit<32> left = hdr.packet_out.count;
    bit<32> found = 0;
    bit<336> row_key = 0;
    bit<256> row = 0;

    action scan() {
        bit<64> tags = 0;
        for (bit<32> turn = 0; turn < FLOW_LOG_SCANNED; turn = turn + 1) {
            if (left == 0 || place >= FLOW_LOG_ROWS) {
                left = 0;
                break;
            }
            flow_log_tags.read(tags, place >> 2);
            bit<8> shift = (bit<8>)place[1:0] << 4;
            bit<64> mask = 64w0xffff << shift;
            if (tags & mask != 0) {
                flow_log_keys.read(row_key, place);
                flow_log_rows.read(row, place);
                flow_log_tags.write(place >> 2, tags & ~mask);
                row = (now - row[255:208]) ++ (now - row[207:160]) ++ row[159:0];
                found = 1;
            }
            place = place + 1;
            left = left - 1;
            if (found == 1) {
                break;
            }
        }
    }

    action answer() {
        meta.answered = true;
        std.egress_spec = CPU_PORT;
        hdr.packet_in.setValid();
        hdr.packet_in = { FLOW_LOG_READ, hdr.packet_out.token, place, left, found, row_key, 0, 0, 0, 80w0 ++ now, row };
        hdr.packet_out.setInvalid();
    }

    apply {
        if (hdr.packet_out.op == FLOW_LOG_READ) {
            scan();
            answer();
        }
    }
}
