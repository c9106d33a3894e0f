// TCP as a tracker sees it: states, windows and verdicts as Linux has them since 6.1 (nf_conntrack; after van Rooij's "Real
// stateful TCP packet filtering"). docs/flows.md tells the rules.
//
// Reads hdr.tcp, meta.state, meta.policy. Writes meta.state, meta.track.verdict.

#ifndef FLOW_TCP_P4
#define FLOW_TCP_P4

const bit<8> TCP_SYN     = 0;   // kinds of segments
const bit<8> TCP_SYN_ACK = 1;
const bit<8> TCP_FIN     = 2;
const bit<8> TCP_ACK     = 3;
const bit<8> TCP_RST     = 4;
const bit<8> TCP_OTHER   = 5;

const bit<8> SIDE_SCALED  = 1;    // has offered to scale windows
const bit<8> SIDE_SACKS   = 2;    // takes selective acknowledgements
const bit<8> SIDE_CLOSES  = 4;    // has begun to close the flow
const bit<8> SIDE_LIBERAL = 8;    // its windows are not known: picked up in the middle
const bit<8> SIDE_ACKED   = 16;   // has acknowledged something
const bit<8> SIDE_UNACKED = 32;   // has sent something that is not acknowledged

const bit<8> LAST_CHALLENGE    = 4;   // the SYN that was let through may be answered by a challenge ACK (RFC 5961)
const bit<8> LAST_SIMULTANEOUS = 8;   // both sides have sent a SYN

const bit<32> LEAST_ACK_WINDOW = 66000;
const bit<8>  MOST_RETRANSMISSIONS = 3;
const bit<8>  HIGHEST_SCALE = 14;

// The next state: nibble s of a row is what follows state s. 0xe: let the packet through, but do not believe it; 0xf: invalid.
const bit<40> FORWARD_SYN     = 0x911eeeee11;
const bit<40> FORWARD_SYN_ACK = 0x2ffffff2ff;
const bit<40> FORWARD_ACK     = 0xf8775533f3;
const bit<40> BACKWARD_SYN     = 0x9f1fffff9f;
const bit<40> BACKWARD_SYN_ACK = 0x2eeeeeee2f;
const bit<40> BACKWARD_ACK     = 0xe8775532ef;
const bit<40> EITHER_FIN = 0xf8766644ff;
const bit<40> EITHER_RST = 0x888888888f;
const bit<8> NEXT_IGNORE  = 0xe;
const bit<8> NEXT_INVALID = 0xf;

// Modulo 2^32.
bool before(in bit<32> a, in bit<32> b) {
    return (int<32>)(a - b) < 0;
}

bool after(in bit<32> a, in bit<32> b) {
    return (int<32>)(b - a) < 0;
}

bit<32> larger(in bit<32> a, in bit<32> b) {
    return a > b ? a : b;
}

control flow_tcp(inout headers_t hdr, inout metadata_t meta) {
    bit<8> kind = TCP_OTHER;
    bit<8> next = NEXT_INVALID;
    bit<1> direction = 0;
    bit<1> forward = 0;
    bit<1> opening = 0;        // there is no record yet
    bit<1> checked = 0;        // the verdict is clear without looking at windows
    bit<32> seq = 0;
    bit<32> end = 0;
    bit<8> scale = 0;          // options of this segment
    bit<8> offers = 0;
    bit<32> sack = 0;          // highest edge

    action classify_segment() {
        bit<8> flags = hdr.tcp.flags;
        seq = hdr.tcp.seq;
        end = seq + (bit<32>)(meta.datagram.length - ((bit<16>)hdr.tcp.offset << 2));
        if (flags & 2 != 0) {
            end = end + 1;
        }
        if (flags & 1 != 0) {
            end = end + 1;
        }
        if (flags & 4 != 0) {
            kind = TCP_RST;
        } else if (flags & 0x12 == 0x12) {
            kind = TCP_SYN_ACK;
        } else if (flags & 2 != 0) {
            kind = TCP_SYN;
        } else if (flags & 1 != 0) {
            kind = TCP_FIN;
        } else if (flags & 0x10 != 0) {
            kind = TCP_ACK;
        }
        direction = meta.track.outbound ? 1w1 : 0;
        forward = direction == meta.state.first_outbound ? 1w1 : 0;
        sack = hdr.tcp.ack;
    }

    // Flags that may stand together, but for PSH, ECE and CWR.
    action check_flags() {
        bit<8> flags = hdr.tcp.flags & 0x37;
        if (flags != 0x02 && flags != 0x22 && flags != 0x12 && flags != 0x04 && flags != 0x14 && flags != 0x11
                && flags != 0x31 && flags != 0x10 && flags != 0x30) {
            meta.track.verdict = track_verdict_t.INVALID;
        }
    }

    action read_options() {
        bit<320> left = meta.segment.options;
        bit<8> bytes = meta.segment.option_bytes;
        bit<8> blocks = 0;      // bytes of SACK edges still to come
        for (bit<8> turn = 0; turn < 40; turn = turn + 1) {
            if (bytes == 0) {
                break;
            }
            bit<8> step = 1;
            if (blocks != 0) {
                if (after(left[287:256], sack)) {
                    sack = left[287:256];
                }
                step = 8;
                blocks = blocks - 8;
            } else if (left[319:312] == 0) {
                break;
            } else if (left[319:312] != 1) {
                step = left[311:304];
                if (bytes < 2 || step < 2 || step > bytes) {
                    break;
                }
                if (left[319:312] == 3 && step == 3) {
                    offers = offers | SIDE_SCALED;
                    scale = left[303:296] > HIGHEST_SCALE ? HIGHEST_SCALE : left[303:296];
                } else if (left[319:312] == 4 && step == 2) {
                    offers = offers | SIDE_SACKS;
                } else if (left[319:312] == 5 && step >= 10 && (step - 2) & 7 == 0) {
                    blocks = step - 2;
                    step = 2;
                }
            }
            bytes = bytes - step;
            if (step >= 32) {
                left = left << 128;
                left = left << 128;
            }
            left = left << ((step & 31) << 3);
        }
    }

    action begin_sender() {
        meta.state.sender.end = end;
        meta.state.sender.maxend = end;
        meta.state.sender.maxwin = larger((bit<32>)hdr.tcp.window, 1);
        if (meta.segment.option_bytes != 0) {
            meta.state.sender.scale = scale;
            meta.state.sender.flags = (meta.state.sender.flags & SIDE_LIBERAL) | offers;
        }
    }

    // No record: a SYN begins one; an ACK would in the middle, if that is allowed.
    action open() {
        opening = 1;
        meta.state.state = flow_state_t.NONE;
        meta.state.receiver = { 0, 0, 0, 0, 0, 0 };
        meta.state.sender = { 0, 0, 0, 0, 0, 0 };
        meta.state.seen_reply = 0;
        meta.state.assured = 0;
        meta.state.last_outbound = direction;
        meta.state.last_kind = TCP_OTHER;
        meta.state.last_flags = 0;
        meta.state.last_scale = 0;
        meta.state.retransmissions = 0;
        meta.state.last_seq = 0;
        meta.state.last_ack = 0;
        meta.state.last_end = 0;
        meta.state.last_window = 0;
        meta.track.verdict = track_verdict_t.NEW;
        begin_sender();
        if (kind != TCP_SYN) {
            meta.track.midstream = true;
            meta.state.pickable = kind == TCP_ACK ? 1w1 : 0;
            meta.state.sender.maxend = end + meta.state.sender.maxwin;
            meta.state.sender.flags = SIDE_SACKS | SIDE_LIBERAL;
            meta.state.receiver.flags = SIDE_SACKS | SIDE_LIBERAL;
        }
    }

    action next_state() {
        bit<40> row = EITHER_RST;
        if (kind == TCP_FIN) {
            row = EITHER_FIN;
        } else if (kind == TCP_SYN) {
            row = forward == 1 ? FORWARD_SYN : BACKWARD_SYN;
        } else if (kind == TCP_SYN_ACK) {
            row = forward == 1 ? FORWARD_SYN_ACK : BACKWARD_SYN_ACK;
        } else if (kind == TCP_ACK) {
            row = forward == 1 ? FORWARD_ACK : BACKWARD_ACK;
        }
        next = (bit<8>)(row >> ((bit<8>)meta.state.state << 2))[3:0];
    }

    // A packet that may be right while the record is wrong passes, and is remembered: if its receiver answers, the record
    // follows them.
    action remember() {
        meta.state.last_kind = kind;
        meta.state.last_outbound = direction;
        meta.state.last_seq = seq;
        meta.state.last_end = end;
        meta.state.last_window = hdr.tcp.window;
        if (kind == TCP_SYN && forward == 1) {
            meta.state.last_flags = offers;
            meta.state.last_scale = scale;
            if (meta.state.state == flow_state_t.LAST_ACK) {
                meta.state.last_flags = meta.state.last_flags | LAST_CHALLENGE;
            }
        }
        if (meta.state.state == flow_state_t.SYN_SENT && kind == TCP_ACK && forward == 0) {
            meta.state.last_ack = hdr.tcp.ack;
        }
        meta.state.changed = 1;
        checked = 1;
        meta.track.verdict = track_verdict_t.IGNORE;
    }

    // The other side answers a SYN that was let through: the two are in step, the record was not.
    action follow_remembered() {
        meta.state.state = flow_state_t.SYN_SENT;
        next = (bit<8>)flow_state_t.SYN_RECV;
        meta.state.receiver.end = meta.state.last_end;
        meta.state.receiver.maxend = meta.state.last_end;
        meta.state.receiver.maxwin = larger((bit<32>)meta.state.last_window, 1);
        meta.state.receiver.scale = meta.state.last_scale;
        meta.state.last_flags = meta.state.last_flags & ~LAST_CHALLENGE;
        meta.state.receiver.flags = meta.state.last_flags;
        meta.state.sender = { 0, 0, 0, 0, 0, meta.state.sender.flags & SIDE_LIBERAL };
    }

    action check_rst() {
        bool established = meta.state.assured == 1 && meta.state.state == flow_state_t.ESTABLISHED;
        bit<1> settled = 0;
        if (meta.state.state == flow_state_t.FIN_WAIT || meta.state.state == flow_state_t.CLOSE_WAIT
                || meta.state.state == flow_state_t.LAST_ACK || meta.state.state == flow_state_t.TIME_WAIT
                || meta.state.state == flow_state_t.CLOSE) {
            checked = 1;       // the ports may be in use again
            settled = 1;
        } else if (meta.state.receiver.flags & SIDE_ACKED != 0 && meta.state.last_kind != TCP_SYN) {
            if (seq == 0 && !established) {
                settled = 1;
            } else if (before(seq, meta.state.receiver.maxack)) {
                meta.track.verdict = track_verdict_t.INVALID;
                checked = 1;
                settled = 1;
            } else if (!established || seq == meta.state.receiver.maxack) {
                settled = 1;
            } else if (meta.state.last_kind == TCP_ACK && meta.state.last_outbound == direction
                       && seq == meta.state.last_end) {
                settled = 1;
            } else {
                next = (bit<8>)meta.state.state;   // not exact: room for a challenge ACK
            }
        }
        if (settled == 0) {
            if (((meta.state.seen_reply == 1 && meta.state.last_kind == TCP_SYN && meta.state.last_outbound != direction)
                    || (meta.state.assured == 0 && meta.state.last_kind == TCP_ACK))
                    && hdr.tcp.ack == meta.state.last_end) {
                checked = 1;
            } else if (meta.state.state == flow_state_t.SYN_SENT && meta.state.last_kind == TCP_ACK
                       && meta.state.last_outbound != meta.state.first_outbound && seq == meta.state.last_ack) {
                checked = 1;
            }
        }
    }

#include "flow_window.p4"

    // In the window.
    action accept() {
        meta.state.last_kind = kind;
        meta.state.last_outbound = direction;
        if (next == (bit<8>)flow_state_t.FIN_WAIT && meta.state.state != flow_state_t.FIN_WAIT) {
            meta.state.sender.flags = meta.state.sender.flags | SIDE_CLOSES;
        }
        take_timeout();
        if (meta.state.seen_reply == 0) {
            meta.state.ended = kind == TCP_RST ? 1w1 : 0;
            if (opening == 0 && kind == TCP_SYN && meta.state.state == flow_state_t.SYN_SENT) {
                meta.state.timeout = 0;    // a repeated SYN does not prolong anything
            }
        } else if ((meta.state.state == flow_state_t.SYN_RECV || meta.state.state == flow_state_t.ESTABLISHED)
                   && next == (bit<8>)flow_state_t.ESTABLISHED) {
            meta.state.assured = 1;
        }
        meta.state.state = (flow_state_t)next;
        meta.state.changed = 1;
    }

    apply {
        classify_segment();
        check_flags();
        if (meta.track.verdict == track_verdict_t.INVALID) {
            return;
        }
        if (meta.segment.option_bytes != 0) {
            read_options();
        }
        if (meta.slot.hit == 0) {
            open();
        } else {
            meta.track.verdict = track_verdict_t.ESTABLISHED;
        }
        next_state();
        bool reopens = next == (bit<8>)flow_state_t.SYN_SENT && ((bit<8>)meta.state.state) >= 7;   // TIME_WAIT, CLOSE
        if (reopens && ((meta.state.sender.flags | meta.state.receiver.flags) & SIDE_CLOSES != 0
                || (meta.state.last_outbound == direction && meta.state.last_kind == TCP_RST))) {
            meta.state.reopened = 1;
            meta.state.first_outbound = direction;
            forward = 1;
            open();
        } else if (next == NEXT_IGNORE || reopens) {
            if (kind == TCP_SYN_ACK && meta.state.last_kind == TCP_SYN && meta.state.last_outbound != direction
                    && hdr.tcp.ack == meta.state.last_end) {
                follow_remembered();
            } else {
                remember();
            }
        } else if (next == NEXT_INVALID) {
            meta.track.verdict = opening == 1 ? track_verdict_t.NEW : track_verdict_t.INVALID;
            checked = 1;
        } else if (next == (bit<8>)flow_state_t.TIME_WAIT) {
            if (meta.state.state == flow_state_t.LAST_ACK && kind == TCP_ACK && meta.state.last_outbound != direction
                    && meta.state.last_kind == TCP_SYN && meta.state.last_flags & LAST_CHALLENGE != 0) {
                meta.state.last_flags = meta.state.last_flags & ~LAST_CHALLENGE;
                meta.state.changed = 1;
                checked = 1;
                meta.track.verdict = track_verdict_t.IGNORE;
            }
        } else if (next == (bit<8>)flow_state_t.SYN_SENT2) {
            meta.state.last_flags = meta.state.last_flags | LAST_SIMULTANEOUS;
        } else if (next == (bit<8>)flow_state_t.SYN_RECV) {
            if (forward == 0 && kind == TCP_ACK && meta.state.last_flags & LAST_SIMULTANEOUS != 0) {
                next = (bit<8>)flow_state_t.ESTABLISHED;
            }
        } else if (next == (bit<8>)flow_state_t.CLOSE && kind == TCP_RST) {
            check_rst();
        }
        if (checked == 0) {
            check_window();
        }
        if (meta.track.verdict == track_verdict_t.NEW || meta.track.verdict == track_verdict_t.ESTABLISHED) {
            accept();
        }
        if (forward == 0 && meta.state.seen_reply == 0 && meta.track.verdict != track_verdict_t.INVALID) {
            meta.state.seen_reply = 1;
            meta.state.changed = 1;
        }
    }
}

#endif
