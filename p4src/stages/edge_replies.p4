// The second pass of a packet that the edge answers: the packet becomes the quotation in an ICMP error, from the edge's
// address outside. It goes back to the port that the packet came from, or into the VPC, to the host that it came from.
//
//   IP edge -> sender | ICMP 3/4 with the MTU, 11/0, or ICMPv6 2, 3 | IP header and the beginning of the packet
//
// Reads meta.reply, meta.back. Writes hdr.reply_*, hdr.ethernet, meta.vpc, meta.tunnel, meta.inner_*.
const bit<16> ICMP_REPLY_BYTES   = 20 + 8 + 20 + 8;
const bit<16> ICMPV6_REPLY_BYTES = 40 + 8 + 40;            // and what is quoted
const bit<16> QUOTED_AT_MOST     = 1280 - 88;
const bit<32> REPLY_TUNNEL_BYTES = 20 + 8 + 8 + 12;

control edge_replies(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    bit<8> type = 0;
    bit<8> code = 0;
    bit<32> rest = 0;

    action answer_ipv4() {
        meta.inner_type = TYPE_IPV4;
        meta.inner_length = ICMP_REPLY_BYTES;
        hdr.reply_ipv4.setValid();
        hdr.reply_ipv4 = { 4, 5, 0, ICMP_REPLY_BYTES, 0, 0, 0, 64, PROTOCOL_ICMP, 0, meta.back.router, hdr.ipv4.src };
        hdr.reply_error.setValid();
        hdr.reply_error = { type, code, 0, rest };
    }

    action answer_ipv6() {
        bit<16> quoted = hdr.ipv6.payload_length > QUOTED_AT_MOST ? QUOTED_AT_MOST : hdr.ipv6.payload_length;
        meta.inner_type = TYPE_IPV6;
        meta.inner_length = ICMPV6_REPLY_BYTES + quoted;
        hdr.reply_ipv6.setValid();
        hdr.reply_ipv6 = { 6, 0, 0, meta.inner_length - 40, PROTOCOL_ICMPV6, 64, meta.back.router_ipv6, hdr.ipv6.src };
        hdr.reply_error.setValid();
        hdr.reply_error = { type, code, 0, rest };
    }

    action into_vpc() {
        meta.origin = origin_t.OUTSIDE;
        meta.vpc = meta.back.vpc;
        meta.src_eni = 0;
        meta.dst_eni = meta.back.eni;
        meta.tunnel.dst = meta.back.host;
        meta.tunnel.ttl = TUNNEL_TTL;
        truncate(14 + REPLY_TUNNEL_BYTES + (bit<32>)meta.inner_length);
    }

    action back_outside() {
        mac_t mac = hdr.ethernet.src;
        hdr.ethernet.src = hdr.ethernet.dst;
        hdr.ethernet.dst = mac;
        std.egress_spec = meta.port;
        meta.answered = true;
        truncate(14 + (bit<32>)meta.inner_length);
    }

    apply {
        if (meta.drop != drop_reason_t.NONE) {
            return;
        }
        if (meta.reply.kind == reply_t.TOO_BIG) {
            rest = 16w0 ++ meta.reply.mtu;
        }
        if (hdr.ipv4.isValid()) {
            type = meta.reply.kind == reply_t.TOO_BIG ? 8w3 : 8w11;
            code = meta.reply.kind == reply_t.TOO_BIG ? 8w4 : 8w0;
            answer_ipv4();
        } else {
            type = meta.reply.kind == reply_t.TOO_BIG ? 8w2 : 8w3;
            answer_ipv6();
        }
        if (meta.back.host != 0) {
            into_vpc();
        } else {
            back_outside();
        }
    }
}
