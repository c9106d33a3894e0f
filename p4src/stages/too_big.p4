// Finds packets that are longer than their way allows, and has the sender told: IPv4 with DF set, and IPv6, get an answer in
// a second pass, at most REPLIES_BURST at once and one each REPLY_INTERVAL for an ENI. Without DF the packet is only dropped:
// a router that keeps nothing cannot fragment.
//
// Reads meta.mtu, meta.inner_length, meta.port. Writes meta.reply, meta.drop.
const bit<48> REPLY_INTERVAL = 10000;                  // microseconds
const bit<48> REPLIES_AHEAD  = REPLY_INTERVAL * 9;     // a burst of ten

control too_big(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    register<bit<48>>(PORTS) next_reply;   // per port: when the next answer would be due if they came evenly (GCRA)

    action answer_later() {
        bit<48> due;
        bit<32> index = (bit<32>)meta.port;
        next_reply.read(due, index);
        bit<48> now = std.ingress_global_timestamp;
        due = due > now ? due : now;
        if (due - now <= REPLIES_AHEAD) {
            next_reply.write(index, due + REPLY_INTERVAL);
            meta.reply = { reply_t.TOO_BIG, meta.port, meta.mtu };
            meta.answered = true;
            std.egress_spec = 0;   // any port: the packet turns round in egress
        } else {
            drop(meta, drop_reason_t.TOO_BIG);
        }
    }

    apply {
        if (meta.drop != drop_reason_t.NONE || meta.answered || meta.inner_length <= meta.mtu) {
            return;
        }
        if (hdr.ipv6.isValid() || (hdr.ipv4.flags[1:1] == 1 && hdr.ipv4.fragment == 0)) {
            answer_later();
        } else {
            drop(meta, drop_reason_t.TOO_BIG);
        }
    }
}

// Sends a packet that asks for an answer round once more, and the copy that becomes a question.
control second_pass(inout metadata_t meta, inout standard_metadata_t std) {
    apply {
        if (goes_round(meta, std)) {
            if (meta.reply.kind == reply_t.TOO_BIG) {
                recirculate_preserving_field_list(REPLY_FIELDS);
            } else {
                recirculate_preserving_field_list(REQUEST_FIELDS);
            }
        }
    }
}
