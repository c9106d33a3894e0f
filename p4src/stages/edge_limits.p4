// Finds packets on their last hop, and those that are longer than the way to outside allows, and has the sender told, in a
// second pass: ICMP 11/0 and 3/4, ICMPv6 3/0 and 2/0. At most ten answers at once and one each REPLY_INTERVAL for senders
// whose addresses have the same hash. Errors and later fragments are not answered (RFC 1122, 3.2.2).
//
// Reads hdr, meta.mtu, meta.inner_length, meta.back. Writes meta.reply, meta.answered, hdr.ethernet.type, meta.drop.
const bit<48> REPLY_INTERVAL = 10000;                  // microseconds
const bit<48> REPLIES_AHEAD  = REPLY_INTERVAL * 9;     // a burst of ten
const bit<32> REPLY_CELLS    = 4096;

control edge_limits(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    register<bit<48>>(REPLY_CELLS) next_reply;   // when the next answer would be due if they came evenly (GCRA)
    reply_t kind = reply_t.NONE;
    drop_reason_t reason = drop_reason_t.NONE;

    action answer_later() {
        bit<32> index;
        bit<48> due;
        hash(index, HashAlgorithm.crc32, 32w0, { meta.flow.src }, REPLY_CELLS);
        next_reply.read(due, index);
        bit<48> now = std.ingress_global_timestamp;
        due = due > now ? due : now;
        if (due - now <= REPLIES_AHEAD) {
            next_reply.write(index, due + REPLY_INTERVAL);
            meta.reply = { kind, meta.port, meta.mtu };
            meta.answered = true;
            hdr.ethernet.type = meta.inner_type;
            std.egress_spec = 0;   // any port: the packet turns round in egress
        } else {
            drop(meta, reason);
        }
    }

    apply {
        if (meta.drop != drop_reason_t.NONE || meta.answered) {
            return;
        }
        bool whole = true;
        if ((hdr.ipv4.isValid() && hdr.ipv4.ttl <= 1) || (hdr.ipv6.isValid() && hdr.ipv6.hop_limit <= 1)) {
            kind = reply_t.TIME_EXCEEDED;
            reason = drop_reason_t.TIME_EXCEEDED;
        } else if (meta.inner_length > meta.mtu) {
            kind = reply_t.TOO_BIG;
            reason = drop_reason_t.TOO_BIG;
            whole = hdr.ipv6.isValid() || hdr.ipv4.flags[1:1] == 1;
        }
        if (kind != reply_t.NONE) {
            if (whole && !meta.datagram.is_error && meta.flow.fragment != fragment_t.LATER) {
                answer_later();
            } else {
                drop(meta, reason);
            }
        }
    }
}

// Sends a packet that asks for an answer round once more.
control edge_second_pass(inout metadata_t meta, inout standard_metadata_t std) {
    apply {
        if (goes_round(meta, std)) {
            recirculate_preserving_field_list(REPLY_FIELDS);
        }
    }
}
