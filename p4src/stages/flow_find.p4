// Finds the flow that a packet belongs to, from one ENI's perspective, and tells whether the packet fits it. Changes
// nothing: flow_record does, if the packet gets that far.
//
//   eni --hit--> how its flows are tracked, and for how long       miss --> not at all
//
//   TCP     : by ports; state, sequence and acknowledgement numbers as in include/flow_tcp.p4
//   UDP     : by ports
//   ICMP    : questions and answers by identifier; errors by the packet that they are about
//   others  : by addresses and protocol
//   a later fragment : by its datagram's id, behind the first one
//
// Reads meta.flow, meta.datagram, meta.about, hdr.tcp, hdr.udp. Writes meta.track, meta.policy, meta.slot, meta.state,
// meta.drop.
#include "../include/flow_table.p4"
#include "../include/flow_record.p4"
#include "../include/flow_tcp.p4"

control flow_find(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std)(bool outbound) {
    direct_counter(CounterType.packets_and_bytes) policies;
    flow_look() look;
    flow_tcp() tcp;
    bit<48> now = std.ingress_global_timestamp;
    bit<8> key_kind = KEY_FLOW;
    bit<8> protocol = meta.flow.protocol;
    bool answer = false;       // of ICMP: belongs to a question

    action track(tracking_t tracking, bit<32> limit, bit<48> pickup_until, bit<128> secret, bit<32> syn_sent,
                 bit<32> syn_recv, bit<32> established, bit<32> fin_wait, bit<32> close_wait, bit<32> last_ack,
                 bit<32> time_wait, bit<32> close, bit<32> retransmitting, bit<32> unacknowledged, bit<32> udp_single,
                 bit<32> udp_stream, bit<32> icmp, bit<32> other, bit<32> fragments) {
        meta.policy = { tracking, limit, pickup_until, secret, syn_sent, syn_recv, established, fin_wait, close_wait,
                        last_ack, time_wait, close, retransmitting, unacknowledged, udp_single, udp_stream, icmp, other,
                        fragments };
        policies.count();
    }

    action not_tracked() {
        meta.policy.tracking = tracking_t.OFF;
        policies.count();
    }

    table policy {
        key = {
            meta.track.eni : exact @name("eni");
        }
        actions = { track; not_tracked; }
        const default_action = not_tracked();
        size = LOCAL_ENIS;
        counters = policies;
    }

    action look_from() {
        meta.track.verdict = track_verdict_t.NONE;
        meta.track.outbound = outbound;
        meta.track.reply = false;
        meta.track.midstream = false;
        meta.track.untracked = false;
        meta.track.forget = false;
        meta.track.mark = 0;
        meta.slot.hit = 0;
        meta.state.changed = 0;
        meta.state.ended = 0;
        meta.state.reopened = 0;
        meta.state.pickable = 0;
        meta.state.timeout = 0;
        if (outbound) {
            meta.track.eni = meta.src_eni;
            meta.track.local = meta.flow.src;
            meta.track.remote = meta.flow.dst;
            meta.track.local_port = meta.flow.src_port;
            meta.track.remote_port = meta.flow.dst_port;
            meta.slot.port = meta.port;
        } else {
            meta.track.eni = meta.dst_eni;
            meta.track.local = meta.flow.dst;
            meta.track.remote = meta.flow.src;
            meta.track.local_port = meta.flow.dst_port;
            meta.track.remote_port = meta.flow.src_port;
            meta.slot.port = meta.local_port;
        }
    }

    // The asking side's port is the identifier, the answering side's the question's type and code.
    action ask(bit<16> question) {
        bit<16> identifier = meta.datagram.icmp[31:16];
        if (outbound != answer) {
            meta.track.local_port = identifier;
            meta.track.remote_port = question;
        } else {
            meta.track.local_port = question;
            meta.track.remote_port = identifier;
        }
    }

    // An error is looked up as the packet that it is about, which went the other way.
    action look_about() {
        protocol = meta.about.protocol;
        bit<8> type = meta.about.dst_port[15:8];
        bit<16> identifier = meta.about.src_port;
        if ((protocol == PROTOCOL_ICMP && (type == 0 || type == 14 || type == 16 || type == 18))
                || (protocol == PROTOCOL_ICMPV6 && (type == 129 || type == 140))) {
            meta.about.src_port = (type == 0 ? 8w8 : type - 1) ++ meta.about.dst_port[7:0];
            meta.about.dst_port = identifier;
        }
        if (outbound) {
            meta.track.local = meta.about.dst;
            meta.track.remote = meta.about.src;
            meta.track.local_port = meta.about.dst_port;
            meta.track.remote_port = meta.about.src_port;
        } else {
            meta.track.local = meta.about.src;
            meta.track.remote = meta.about.dst;
            meta.track.local_port = meta.about.src_port;
            meta.track.remote_port = meta.about.dst_port;
        }
    }

    action look_for_datagram() {
        key_kind = outbound ? KEY_FRAGMENTS_OUT : KEY_FRAGMENTS_IN;
        meta.track.local_port = meta.datagram.id[31:16];
        meta.track.remote_port = meta.datagram.id[15:0];
    }

    // What the first fragment has left: where its flow's record is, and what only it has. A fragment may not begin before the
    // first one's end, or it could write over what has been looked at.
    action follow_datagram() {
        meta.track.verdict = track_verdict_t.FRAGMENT;
        meta.slot.flow = meta.state.sender.maxend;
        meta.track.local_port = meta.state.receiver.maxend[31:16];
        meta.track.remote_port = meta.state.receiver.maxend[15:0];
        meta.track.untracked = meta.state.receiver.maxwin == 1;
        meta.flow.icmp_type = meta.state.receiver.maxack[15:8];
        meta.flow.icmp_code = meta.state.receiver.maxack[7:0];
        if (meta.flow.protocol == PROTOCOL_TCP || meta.flow.protocol == PROTOCOL_UDP) {
            meta.flow.src_port = outbound ? meta.track.local_port : meta.track.remote_port;
            meta.flow.dst_port = outbound ? meta.track.remote_port : meta.track.local_port;
        }
        meta.slot.probe = meta.slot.flow;
        if (!meta.track.untracked && !key_is_here(meta, meta.track.eni ++ KEY_FLOW ++ meta.flow.protocol ++ meta.track.local_port ++
                                                        meta.track.remote_port)) {
            drop(meta, drop_reason_t.FRAGMENT_UNKNOWN);
        }
        if ((bit<32>)meta.datagram.offset < meta.state.sender.maxwin
                || (bit<32>)meta.datagram.offset + (bit<32>)meta.datagram.length > 0xffff) {
            meta.track.verdict = track_verdict_t.INVALID;
        }
    }

    action classify_icmp() {
        bit<16> question = meta.flow.icmp_type ++ meta.flow.icmp_code;
        meta.track.verdict = track_verdict_t.INVALID;
        if (meta.flow.protocol == PROTOCOL_ICMP) {
            if (meta.flow.icmp_type == 0) {
                answer = true;
                question[15:8] = 8;
            } else if (meta.flow.icmp_type == 14 || meta.flow.icmp_type == 16 || meta.flow.icmp_type == 18) {
                answer = true;
                question[15:8] = meta.flow.icmp_type - 1;
            }
            if (answer || meta.flow.icmp_type == 8 || meta.flow.icmp_type == 13 || meta.flow.icmp_type == 15
                    || meta.flow.icmp_type == 17) {
                meta.track.verdict = track_verdict_t.NONE;
            }
        } else {
            if (meta.flow.icmp_type == 129 || meta.flow.icmp_type == 140) {
                answer = true;
                question[15:8] = meta.flow.icmp_type - 1;
            }
            if (answer || meta.flow.icmp_type == 128 || meta.flow.icmp_type == 139) {
                meta.track.verdict = track_verdict_t.NONE;
            } else if ((meta.flow.icmp_type >= 130 && meta.flow.icmp_type <= 137) || meta.flow.icmp_type == 143) {
                meta.track.verdict = track_verdict_t.UNTRACKED;
            }
        }
        ask(question);
    }

    // A first packet of what has no state machine.
    action open() {
        meta.track.verdict = track_verdict_t.NEW;
        meta.track.midstream = answer;
        meta.state.sender = { 0, 0, 0, 0, 0, 0 };
        meta.state.receiver = { 0, 0, 0, 0, 0, 0 };
        meta.state.seen_reply = 0;
        meta.state.assured = 0;
        meta.state.last_outbound = 0;
        meta.state.last_kind = 0;
        meta.state.last_flags = 0;
        meta.state.last_scale = 0;
        meta.state.retransmissions = 0;
        meta.state.last_ack = 0;
        meta.state.last_end = 0;
        meta.state.last_window = 0;
        meta.state.since = now;
    }

    action follow() {
        bit<1> direction = outbound ? 1w1 : 0;
        meta.state.changed = 1;
        if (meta.slot.hit == 1) {
            meta.track.verdict = track_verdict_t.ESTABLISHED;
            if (meta.state.first_outbound != direction) {
                meta.track.reply = true;
                meta.state.seen_reply = 1;
            }
        }
    }

    action take_timeout() {
        if (protocol == PROTOCOL_UDP) {
            bit<1> stream = meta.state.seen_reply == 1 && meta.slot.hit == 1 && now - meta.state.since > UDP_STREAM_AFTER ? 1w1 : 0;
            meta.state.state = flow_state_t.UDP_SINGLE;
            meta.state.timeout = meta.policy.udp_single;
            if (stream == 1 || meta.state.assured == 1) {
                meta.state.state = flow_state_t.UDP_STREAM;
                meta.state.timeout = meta.policy.udp_stream;
                meta.state.assured = 1;
            }
        } else if (protocol == PROTOCOL_ICMP || protocol == PROTOCOL_ICMPV6) {
            meta.state.state = flow_state_t.ICMP;
            meta.state.timeout = meta.policy.icmp;
        } else {
            meta.state.state = flow_state_t.OTHER;
            meta.state.timeout = meta.policy.other;
        }
    }

    apply {
        look_from();
        if (meta.drop != drop_reason_t.NONE || meta.answered || (!hdr.ipv4.isValid() && !hdr.ipv6.isValid())) {
            return;
        }
        policy.apply();
        if (meta.policy.tracking == tracking_t.OFF) {
            return;
        }
        bool refusal = false;   // an ICMP error
        bool icmp = (meta.flow.protocol == PROTOCOL_ICMP && hdr.ipv4.isValid())
            || (meta.flow.protocol == PROTOCOL_ICMPV6 && hdr.ipv6.isValid());
        if (meta.flow.fragment == fragment_t.LATER) {
            look_for_datagram();
        } else if (icmp && (meta.flow.icmp_type == 3 || meta.flow.icmp_type == 4 || meta.flow.icmp_type == 5 || meta.flow.icmp_type == 11
                            || meta.flow.icmp_type == 12 || (hdr.ipv6.isValid() && meta.flow.icmp_type < 128))) {
            refusal = true;
            look_about();
        } else if (icmp) {
            classify_icmp();
        } else if (hdr.udp.isValid() && (hdr.udp.length < 8 || (meta.flow.fragment == fragment_t.NONE
                                                                && hdr.udp.length > meta.datagram.length))) {
            meta.track.verdict = track_verdict_t.INVALID;
        }
        if (meta.datagram.more == 1 && meta.datagram.length[2:0] != 0) {
            meta.track.verdict = track_verdict_t.INVALID;
        }
        if (meta.track.verdict == track_verdict_t.INVALID) {
            drop(meta, drop_reason_t.INVALID_FLOW);
            return;
        }
        if (meta.track.verdict == track_verdict_t.UNTRACKED) {
            return;
        }
        look.apply(meta, now, key_kind, protocol, meta.track.local_port, meta.track.remote_port);
        if (meta.slot.hit == 1) {
            load_flow(meta, now);
        }
        if (meta.slot.hit == 0) {
            meta.state.first_outbound = outbound ? 1w1 : 0;
        }
        if (refusal) {
            if (!meta.about.known || meta.about.src != meta.flow.dst) {
                meta.track.verdict = track_verdict_t.INVALID;
            } else if (meta.slot.hit == 1) {
                meta.track.verdict = track_verdict_t.RELATED;
            } else {
                meta.track.verdict = track_verdict_t.NEW;
                meta.track.midstream = true;
            }
        } else if (meta.flow.fragment == fragment_t.LATER) {
            if (meta.slot.hit == 1) {
                follow_datagram();
            } else {
                drop(meta, drop_reason_t.FRAGMENT_UNKNOWN);
            }
        } else if (hdr.tcp.isValid()) {
            tcp.apply(hdr, meta);
            meta.track.reply = meta.state.first_outbound != (outbound ? 1w1 : 1w0);
        } else {
            if (meta.slot.hit == 0) {
                open();
            }
            take_timeout();   // by what was known before this packet: a first reply makes no stream yet
            follow();
        }
        if (meta.track.verdict == track_verdict_t.INVALID) {
            drop(meta, drop_reason_t.INVALID_FLOW);
        }
    }
}
