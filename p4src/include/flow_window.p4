// The window of a TCP segment, and how long its flow is remembered. Actions of flow_tcp.
//
// The numbers in order: not above what the receiver allows, no acknowledgement of what was never sent, not wholly below
// what was acknowledged, no acknowledgement that is far too late. The first two fail as INVALID, the others as IGNORE.

    action check_window() {
        bit<32> ack = hdr.tcp.ack;
        bit<32> win = (bit<32>)hdr.tcp.window;
        bit<1> passed = 0;       // the sender is new, and its SYN has no acknowledgement to check
        bool syn = hdr.tcp.flags & 2 != 0;
        bool acks = hdr.tcp.flags & 0x10 != 0;
        bit<32> edge = meta.state.receiver.flags & SIDE_SACKS != 0 ? sack : ack;
        bool opens = syn && after(end, meta.state.sender.end)
            && (meta.state.state == flow_state_t.SYN_SENT || meta.state.state == flow_state_t.SYN_RECV);
        if ((meta.state.sender.maxwin == 0 && syn) || (meta.state.sender.maxwin != 0 && opens)) {
            bit<1> fresh = meta.state.sender.maxwin == 0 ? 1w1 : 0;
            begin_sender();
            if (forward == 0 && offers & meta.state.receiver.flags & SIDE_SCALED == 0) {
                meta.state.sender.scale = 0;
                meta.state.receiver.scale = 0;
            }
            if (!acks && (fresh == 1 || forward == 0)) {
                passed = 1;
            }
        } else if (meta.state.sender.maxwin == 0) {
            bit<32> scaled = win << meta.state.sender.scale;
            meta.state.sender.end = end;
            meta.state.sender.maxwin = larger(scaled, 1);
            meta.state.sender.maxend = end + meta.state.sender.maxwin;
            if (meta.state.receiver.maxwin == 0) {
                meta.state.receiver.end = edge;
                meta.state.receiver.maxend = edge;
            } else if (edge == meta.state.receiver.end + 1) {
                meta.state.receiver.end = edge;       // an answer to a keep-alive
            }
        }
        if (passed == 0) {
            if (!acks || (kind == TCP_RST && ack == 0)) {
                ack = meta.state.receiver.end;
                edge = ack;
            }
            if (kind == TCP_RST && seq == 0 && meta.state.state == flow_state_t.SYN_SENT) {
                seq = meta.state.sender.end;
                end = seq;
            }
            bit<32> slack = larger(meta.state.sender.maxwin, LEAST_ACK_WINDOW);
            bit<32> lowest = meta.state.sender.end - meta.state.receiver.maxwin - 1;
            bool seq_low = !after(seq, meta.state.sender.maxend);
            bool end_high = after(end, lowest);
            bool ack_low = !after(edge, meta.state.receiver.end);
            bool ack_high = after(edge, meta.state.receiver.end - slack - 1);
            track_verdict_t verdict = track_verdict_t.ESTABLISHED;
            if (!seq_low) {
                bit<32> over = end - meta.state.sender.maxend + 1;
                verdict = track_verdict_t.INVALID;
                if (meta.state.receiver.maxwin != 0 && end_high && ack_low && ack_high
                        && over <= meta.state.receiver.maxwin) {
                    meta.state.sender.end = end;
                    meta.state.sender.flags = meta.state.sender.flags | SIDE_UNACKED;
                    verdict = track_verdict_t.IGNORE;
                }
            } else if (!ack_low) {
                verdict = track_verdict_t.INVALID;
            } else if ((meta.state.receiver.maxwin != 0 && !end_high) || !ack_high) {
                verdict = track_verdict_t.IGNORE;
            }
            if (verdict != track_verdict_t.ESTABLISHED) {
                if (meta.state.sender.flags & SIDE_LIBERAL == 0) {
                    meta.track.verdict = verdict;
                    checked = 1;
                    meta.state.changed = 1;     // what was learned of a side seen for the first time
                }
            } else {
                if (!syn) {
                    win = win << meta.state.sender.scale;
                }
                meta.state.sender.maxwin = larger(meta.state.sender.maxwin, win + (edge - ack));
                if (after(end, meta.state.sender.end)) {
                    meta.state.sender.end = end;
                    meta.state.sender.flags = meta.state.sender.flags | SIDE_UNACKED;
                }
                if (acks) {
                    if (meta.state.sender.flags & SIDE_ACKED == 0 || after(ack, meta.state.sender.maxack)) {
                        meta.state.sender.maxack = ack;
                    }
                    meta.state.sender.flags = meta.state.sender.flags | SIDE_ACKED;
                }
                if (meta.state.receiver.maxwin != 0 && after(end, meta.state.sender.maxend)) {
                    meta.state.receiver.maxwin = meta.state.receiver.maxwin + (end - meta.state.sender.maxend);
                }
                if (after(edge + win, meta.state.receiver.maxend - 1)) {
                    meta.state.receiver.maxend = edge + win;
                    if (win == 0) {
                        meta.state.receiver.maxend = meta.state.receiver.maxend + 1;
                    }
                }
                if (ack == meta.state.receiver.end) {
                    meta.state.receiver.flags = meta.state.receiver.flags & ~SIDE_UNACKED;
                }
                if (kind == TCP_ACK) {
                    if (meta.state.last_outbound == direction && meta.state.last_seq == seq && meta.state.last_ack == ack
                            && meta.state.last_end == end && meta.state.last_window == hdr.tcp.window) {
                        if (meta.state.retransmissions < MOST_RETRANSMISSIONS) {
                            meta.state.retransmissions = meta.state.retransmissions + 1;
                        }
                    } else {
                        meta.state.last_outbound = direction;
                        meta.state.last_seq = seq;
                        meta.state.last_ack = ack;
                        meta.state.last_end = end;
                        meta.state.last_window = hdr.tcp.window;
                        meta.state.retransmissions = 0;
                    }
                }
            }
        }
    }

    action take_timeout() {
        bit<32> own = meta.policy.close;
        if (next == (bit<8>)flow_state_t.ESTABLISHED) {
            own = meta.policy.established;
        } else if (next == (bit<8>)flow_state_t.SYN_SENT || next == (bit<8>)flow_state_t.SYN_SENT2) {
            own = meta.policy.syn_sent;
        } else if (next == (bit<8>)flow_state_t.SYN_RECV) {
            own = meta.policy.syn_recv;
        } else if (next == (bit<8>)flow_state_t.FIN_WAIT) {
            own = meta.policy.fin_wait;
        } else if (next == (bit<8>)flow_state_t.CLOSE_WAIT) {
            own = meta.policy.close_wait;
        } else if (next == (bit<8>)flow_state_t.LAST_ACK) {
            own = meta.policy.last_ack;
        } else if (next == (bit<8>)flow_state_t.TIME_WAIT) {
            own = meta.policy.time_wait;
        }
        bit<8> flags = meta.state.sender.flags | meta.state.receiver.flags;
        bit<32> most = own;
        if (meta.state.retransmissions >= MOST_RETRANSMISSIONS && own > meta.policy.retransmitting) {
            most = meta.policy.retransmitting;
        } else if (kind == TCP_RST) {
            most = meta.policy.close;
        } else if (flags & SIDE_UNACKED != 0 && own > meta.policy.unacknowledged) {
            most = meta.policy.unacknowledged;
        } else if (meta.state.last_window == 0 && own > meta.policy.retransmitting) {
            most = meta.policy.retransmitting;
        }
        if (meta.state.seen_reply == 0 && next == (bit<8>)flow_state_t.ESTABLISHED && most > meta.policy.unacknowledged) {
            most = meta.policy.unacknowledged;
        }
        meta.state.timeout = most;
    }
