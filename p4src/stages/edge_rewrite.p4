// Takes one hop off, and puts the address that a plugin has asked for into the packet: the source outbound, the destination
// inbound. Checksums are not computed but corrected (RFC 1624), so that they stay wrong when they were; they stay right in
// TCP, UDP and ICMP, in first and later fragments, and in ICMP errors, where the packet that the error is about has the
// same address on its other end.
//
// Reads meta.edge, meta.origin. Writes hdr.ipv4, hdr.ipv6, hdr.tcp, hdr.udp, hdr.icmp, hdr.about_*.
const bit<32> ONE_HOP_LESS = 0xfeff;   // what a TTL that goes down by one adds to a sum in ones' complement

control edge_rewrite(inout headers_t hdr, inout metadata_t meta) {
    bit<32> old = 0;
    bit<32> new = 0;
    bit<32> change = 0;    // what the new address adds to a sum
    bit<32> sum = 0;

    action outbound() {
        old = hdr.ipv4.src;
        hdr.ipv4.src = new;
    }

    action inbound() {
        old = hdr.ipv4.dst;
        hdr.ipv4.dst = new;
    }

    action compare() {
        change = (16w0 ++ ~old[31:16]) + (16w0 ++ ~old[15:0]) + (16w0 ++ new[31:16]) + (16w0 ++ new[15:0]);
    }

    action fold() {
        change = (16w0 ++ change[15:0]) + (16w0 ++ change[31:16]);
    }

    action start(bit<16> checksum) {
        sum = (16w0 ++ ~checksum) + change;
    }

    action carry() {
        sum = (16w0 ++ sum[15:0]) + (16w0 ++ sum[31:16]);
    }

    action hop() {
        hdr.ipv4.ttl = hdr.ipv4.ttl - 1;
        sum = (16w0 ++ ~hdr.ipv4.checksum) + change + ONE_HOP_LESS;
        carry();
        carry();
        hdr.ipv4.checksum = ~sum[15:0];
    }

    action correct_tcp() {
        start(hdr.tcp.checksum);
        carry();
        carry();
        hdr.tcp.checksum = ~sum[15:0];
    }

    action correct_udp() {
        start(hdr.udp.checksum);
        carry();
        carry();
        hdr.udp.checksum = sum[15:0] == 0xffff ? 16w0xffff : ~sum[15:0];   // 0 would mean that there is none
    }

    action correct_about() {
        start(hdr.about_ipv4.checksum);
        carry();
        carry();
        hdr.about_ipv4.checksum = ~sum[15:0];
    }

    action correct_about_tcp() {
        start(hdr.about_tcp.checksum);
        carry();
        carry();
        hdr.about_tcp.checksum = ~sum[15:0];
    }

    action correct_about_udp() {
        start(hdr.about_udp.checksum);
        carry();
        carry();
        hdr.about_udp.checksum = sum[15:0] == 0xffff ? 16w0xffff : ~sum[15:0];
    }

    // The quoted header and its checksum take each other out of the ICMP checksum; a quoted TCP or UDP checksum does not.
    action correct_icmp() {
        sum = (16w0 ++ ~hdr.icmp.checksum) + (16w0 ++ ~change[15:0]);
        carry();
        carry();
        hdr.icmp.checksum = ~sum[15:0];
    }

    apply {
        if (meta.drop != drop_reason_t.NONE || meta.answered) {
            return;
        }
        if (hdr.ipv6.isValid()) {
            hdr.ipv6.hop_limit = hdr.ipv6.hop_limit - 1;
            return;
        }
        if (meta.edge.translates) {
            new = meta.edge.address[31:0];
            if (meta.origin == origin_t.UNDERLAY) {
                outbound();
            } else {
                inbound();
            }
            compare();
            fold();
            fold();
        }
        hop();
        if (!meta.edge.translates) {
            return;
        }
        if (hdr.tcp.isValid()) {
            correct_tcp();
        } else if (hdr.udp.isValid()) {
            if (hdr.udp.checksum != 0) {
                correct_udp();
            }
        } else if (hdr.about_ipv4.isValid()) {
            if (meta.origin == origin_t.UNDERLAY && hdr.about_ipv4.dst == old) {
                hdr.about_ipv4.dst = new;
            } else if (meta.origin == origin_t.OUTSIDE && hdr.about_ipv4.src == old) {
                hdr.about_ipv4.src = new;
            } else {
                drop(meta, drop_reason_t.FOREIGN_QUOTE);
            }
            correct_about();
            if (hdr.about_tcp.isValid()) {
                correct_about_tcp();
                correct_icmp();
            } else if (hdr.about_udp.isValid() && hdr.about_udp.checksum != 0) {
                correct_about_udp();
                correct_icmp();
            }
        }
    }
}
