// The outer IPv4 header checksum; inner checksums travel untouched. The tunnel's UDP checksum is 0 (RFC 8926, 3.3).

#ifndef CHECKSUMS_P4
#define CHECKSUMS_P4

control verify_underlay(inout headers_t hdr, inout packet_t packet) {
    apply {
        verify_checksum(hdr.underlay.isValid(),
            { hdr.underlay.version, hdr.underlay.ihl, hdr.underlay.tos, hdr.underlay.length, hdr.underlay.id,
              hdr.underlay.flags, hdr.underlay.fragment, hdr.underlay.ttl, hdr.underlay.protocol,
              hdr.underlay.src, hdr.underlay.dst },
            hdr.underlay.checksum, HashAlgorithm.csum16);
        verify_checksum(hdr.message.isValid() && hdr.tunnel.checksum != 0,
            { hdr.underlay.src, hdr.underlay.dst, 8w0, hdr.underlay.protocol, hdr.tunnel.length, hdr.tunnel.src_port,
              hdr.tunnel.dst_port, hdr.tunnel.length, hdr.message },
            hdr.tunnel.checksum, HashAlgorithm.csum16);
    }
}

control update_underlay(inout headers_t hdr, inout packet_t packet) {
    apply {
        update_checksum(hdr.underlay.isValid(),
            { hdr.underlay.version, hdr.underlay.ihl, hdr.underlay.tos, hdr.underlay.length, hdr.underlay.id,
              hdr.underlay.flags, hdr.underlay.fragment, hdr.underlay.ttl, hdr.underlay.protocol,
              hdr.underlay.src, hdr.underlay.dst },
            hdr.underlay.checksum, HashAlgorithm.csum16);
        update_checksum(hdr.reply_ipv4.isValid(),
            { hdr.reply_ipv4.version, hdr.reply_ipv4.ihl, hdr.reply_ipv4.tos, hdr.reply_ipv4.length, hdr.reply_ipv4.id,
              hdr.reply_ipv4.flags, hdr.reply_ipv4.fragment, hdr.reply_ipv4.ttl, hdr.reply_ipv4.protocol,
              hdr.reply_ipv4.src, hdr.reply_ipv4.dst },
            hdr.reply_ipv4.checksum, HashAlgorithm.csum16);
        update_checksum(hdr.reply_ipv4.isValid(),
            { hdr.reply_error.type, hdr.reply_error.code, hdr.reply_error.rest, hdr.ipv4, hdr.quote_ipv4.data },
            hdr.reply_error.checksum, HashAlgorithm.csum16);
        update_checksum(hdr.reply_ipv6.isValid(),
            { hdr.reply_ipv6.src, hdr.reply_ipv6.dst, 16w0, hdr.reply_ipv6.payload_length, 24w0, PROTOCOL_ICMPV6,
              hdr.reply_error.type, hdr.reply_error.code, hdr.reply_error.rest, hdr.ipv6, hdr.quote_ipv6.data },
            hdr.reply_error.checksum, HashAlgorithm.csum16);
        update_checksum(hdr.link_address.isValid() && packet.meta.answered,
            { hdr.ipv6.src, hdr.ipv6.dst, 16w0, hdr.ipv6.payload_length, 24w0, hdr.ipv6.next_header,
              hdr.neighbor.type, hdr.neighbor.code, hdr.neighbor.flags, hdr.neighbor.target,
              hdr.link_address.type, hdr.link_address.length, hdr.link_address.mac },
            hdr.neighbor.checksum, HashAlgorithm.csum16);
    }
}

#endif
