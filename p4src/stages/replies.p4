// The second pass of a packet that the router answers: the packet becomes the quotation in an ICMP error.
//
//   Ethernet | IP router -> sender | ICMP 3/4 or ICMPv6 2 with the MTU | IP header and the beginning of the packet
//
// Reads meta.reply, meta.router, meta.router_ipv6. Writes hdr.reply_*, hdr.ethernet, meta.answered.
const bit<32> ICMP_REPLY_BYTES   = 14 + 20 + 8 + 20 + 8;
const bit<32> ICMPV6_REPLY_BYTES = 14 + 1280;

control replies(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    action back() {
        hdr.ethernet.src = ROUTER_MAC;
        hdr.ethernet.dst = meta.eni_mac;
        std.egress_spec = meta.port;
        meta.answered = true;
    }

    action fragmentation_needed() {
        back();
        hdr.reply_ipv4.setValid();
        hdr.reply_ipv4 = { 4, 5, 0, (bit<16>)(ICMP_REPLY_BYTES - 14), 0, 0, 0, 64, PROTOCOL_ICMP, 0, meta.router,
                           hdr.ipv4.src };
        hdr.reply_error.setValid();
        hdr.reply_error = { 3, 4, 0, 16w0 ++ meta.reply.mtu };
        truncate(ICMP_REPLY_BYTES);
    }

    action packet_too_big() {
        back();
        hdr.reply_ipv6.setValid();
        hdr.reply_ipv6 = { 6, 0, 0, 1280 - 40, PROTOCOL_ICMPV6, 64, meta.router_ipv6, hdr.ipv6.src };
        hdr.reply_error.setValid();
        hdr.reply_error = { 2, 0, 0, 16w0 ++ meta.reply.mtu };
        truncate(ICMPV6_REPLY_BYTES);
    }

    apply {
        if (meta.drop != drop_reason_t.NONE || !meta.quoted) {
            return;
        }
        if (hdr.ipv4.isValid()) {
            fragmentation_needed();
        } else {
            packet_too_big();
        }
    }
}
