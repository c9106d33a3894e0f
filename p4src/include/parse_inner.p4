// The inner IP packet: headers, options, extension headers, and what tells flows apart. States of vpc_parser.
//
// A datagram longer than its frame is refused, and headers longer than their datagram: what is behind the datagram's end
// is not the tenant's to send.

    state ipv4 {
        bytes.extract(hdr.ipv4);
        packet.meta.inner_length = hdr.ipv4.length;
        packet.meta.flow = { IPV4_MAPPED ++ hdr.ipv4.src, IPV4_MAPPED ++ hdr.ipv4.dst, hdr.ipv4.protocol, 0, 0, 0, 0, 0,
                             fragment_t.NONE };
        packet.meta.datagram.headers = (bit<16>)hdr.ipv4.ihl << 2;
        verify(hdr.ipv4.version == 4 && hdr.ipv4.ihl >= 5, error.BadDatagram);
        verify(hdr.ipv4.length >= packet.meta.datagram.headers, error.BadDatagram);
        verify((bit<32>)packet.meta.datagram.room + (bit<32>)hdr.ipv4.length <= std.packet_length, error.BadDatagram);
        packet.meta.datagram.length = hdr.ipv4.length - packet.meta.datagram.headers;
        packet.meta.datagram.id = 16w0 ++ hdr.ipv4.id;
        packet.meta.datagram.offset = hdr.ipv4.fragment ++ 3w0;
        packet.meta.datagram.more = hdr.ipv4.flags[0:0];
        transition select(hdr.ipv4.ihl) {
            5: ipv4_fragments;
            default: ipv4_options;
        }
    }

    state ipv4_options {
        bytes.extract(hdr.ipv4_options, (bit<32>)(hdr.ipv4.ihl - 5) << 5);
        transition ipv4_fragments;
    }

    state ipv4_fragments {
        transition select(hdr.ipv4.fragment, hdr.ipv4.flags) {
            (0, 0 &&& 1): transport;
            (0, 1 &&& 1): first_fragment;
            default: later_fragment;
        }
    }

    state ipv6 {
        bytes.extract(hdr.ipv6);
        packet.meta.inner_length = hdr.ipv6.payload_length + 40;
        packet.meta.flow = { hdr.ipv6.src, hdr.ipv6.dst, hdr.ipv6.next_header, 0, 0, 0, 0, 0, fragment_t.NONE };
        verify(hdr.ipv6.version == 6 && packet.meta.inner_length >= 40, error.BadDatagram);
        verify((bit<32>)packet.meta.datagram.room + (bit<32>)packet.meta.inner_length <= std.packet_length,
               error.BadDatagram);
        packet.meta.datagram.headers = 40;
        packet.meta.datagram.length = hdr.ipv6.payload_length;
        packet.meta.datagram.offset = 0;
        packet.meta.datagram.more = 0;
        transition ipv6_next;
    }

    state ipv6_next {
        transition select(packet.meta.flow.protocol) {
            0: extension;      // hop by hop
            43: extension;     // routing
            60: extension;     // destination options
            51: authentication;
            44: ipv6_fragment;
            default: transport;
        }
    }

    state extension {
        bit<16> front = bytes.lookahead<bit<16>>();
        packet.meta.flow.protocol = front[15:8];
        packet.meta.parsing.extension_bytes = ((bit<16>)front[7:0] << 3) + 8;
        transition extension_end;
    }

    state authentication {
        bit<16> front = bytes.lookahead<bit<16>>();
        packet.meta.flow.protocol = front[15:8];
        packet.meta.parsing.extension_bytes = ((bit<16>)front[7:0] << 2) + 8;
        transition extension_end;
    }

    state extension_end {
        verify(packet.meta.parsing.extension_bytes <= packet.meta.datagram.length, error.BadDatagram);
        verify(packet.meta.parsing.extension_bytes <= LONGEST_EXTENSION, error.BadDatagram);
        bytes.extract(hdr.extensions.next, (bit<32>)(packet.meta.parsing.extension_bytes - 2) << 3);
        packet.meta.datagram.length = packet.meta.datagram.length - packet.meta.parsing.extension_bytes;
        packet.meta.datagram.headers = packet.meta.datagram.headers + packet.meta.parsing.extension_bytes;
        transition ipv6_next;
    }

    state ipv6_fragment {
        bit<64> front = bytes.lookahead<bit<64>>();
        verify(packet.meta.datagram.length >= 8, error.BadDatagram);
        packet.meta.flow.protocol = front[63:56];
        packet.meta.datagram.offset = front[47:35] ++ 3w0;
        packet.meta.datagram.more = front[32:32];
        packet.meta.datagram.id = front[31:0];
        packet.meta.datagram.length = packet.meta.datagram.length - 8;
        packet.meta.datagram.headers = packet.meta.datagram.headers + 8;
        bytes.extract(hdr.extensions.next, 48);
        transition select(front[47:35], front[32:32]) {
            (0, 0): ipv6_next;             // whole, if in a fragment's clothes (RFC 6946)
            (0, 1): first_ipv6_fragment;
            default: later_fragment;
        }
    }

    state first_ipv6_fragment {
        packet.meta.flow.fragment = fragment_t.FIRST;
        transition ipv6_next;
    }

    state first_fragment {
        packet.meta.flow.fragment = fragment_t.FIRST;
        transition transport;
    }

    state later_fragment {
        packet.meta.flow.fragment = fragment_t.LATER;
        transition accept;
    }

    state transport {
        transition select(packet.meta.inner_type, packet.meta.flow.protocol) {
            (_, PROTOCOL_TCP): tcp;
            (_, PROTOCOL_UDP): udp;
            (TYPE_IPV4, PROTOCOL_ICMP): icmp;
            (TYPE_IPV6, PROTOCOL_ICMPV6): icmpv6;
            default: plugin_ip_protocol;
        }
    }

    state udp {
        bytes.extract(hdr.udp);
        verify(packet.meta.datagram.length >= 8, error.BadDatagram);
        packet.meta.flow.src_port = hdr.udp.src_port;
        packet.meta.flow.dst_port = hdr.udp.dst_port;
        transition plugin_udp_port;
    }

    state icmp {
        packet.meta.datagram.icmp = bytes.lookahead<bit<64>>();
        verify(packet.meta.datagram.length >= 8, error.BadDatagram);
        packet.meta.flow.icmp_type = packet.meta.datagram.icmp[63:56];
        packet.meta.flow.icmp_code = packet.meta.datagram.icmp[55:48];
        transition select(packet.meta.flow.icmp_type) {
            3..5: about_ipv4;      // unreachable, source quench, redirect
            11..12: about_ipv4;    // time exceeded, parameter problem
            default: accept;
        }
    }

    state icmpv6 {
        packet.meta.datagram.icmp = bytes.lookahead<bit<64>>();
        verify(packet.meta.datagram.length >= 8, error.BadDatagram);
        packet.meta.flow.icmp_type = packet.meta.datagram.icmp[63:56];
        packet.meta.flow.icmp_code = packet.meta.datagram.icmp[55:48];
        transition select(packet.meta.origin, packet.meta.flow.icmp_type, packet.meta.datagram.headers) {
            (_, 0 &&& 0x80, _): about_ipv6;
            (origin_t.ENI, NEIGHBOR_SOLICITATION, 40): neighbor;
            default: accept;
        }
    }

    // ICMP, the IPv4 header it is about, and 64 bits.
    state about_ipv4 {
        bit<288> front = bytes.lookahead<bit<288>>();
        verify(packet.meta.datagram.length >= 36, error.BadDatagram);
        packet.meta.about.known = front[223:216] == 0x45 && front[172:160] == 0;
        packet.meta.about.protocol = front[151:144];
        packet.meta.about.src = IPV4_MAPPED ++ front[127:96];
        packet.meta.about.dst = IPV4_MAPPED ++ front[95:64];
        packet.meta.about.src_port = front[63:48];
        packet.meta.about.dst_port = front[47:32];
        transition select(front[151:144]) {
            PROTOCOL_ICMP: about_icmp;
            PROTOCOL_TCP: accept;
            PROTOCOL_UDP: accept;
            default: about_other;
        }
    }

    state about_icmp {
        // The asking side's port is the identifier, the other's the question.
        packet.meta.about.dst_port = packet.meta.about.src_port;
        packet.meta.about.src_port = bytes.lookahead<bit<288>>()[31:16];
        transition accept;
    }

    // ICMPv6, the IPv6 header it is about, and 64 bits.
    state about_ipv6 {
        bit<448> front = bytes.lookahead<bit<448>>();
        verify(packet.meta.datagram.length >= 56, error.BadDatagram);
        packet.meta.about.known = front[383:380] == 6;
        packet.meta.about.protocol = front[335:328];
        packet.meta.about.src = front[319:192];
        packet.meta.about.dst = front[191:64];
        packet.meta.about.src_port = front[63:48];
        packet.meta.about.dst_port = front[47:32];
        transition select(front[335:328]) {
            PROTOCOL_ICMPV6: about_icmpv6;
            PROTOCOL_TCP: accept;
            PROTOCOL_UDP: accept;
            default: about_other;
        }
    }

    state about_icmpv6 {
        packet.meta.about.dst_port = packet.meta.about.src_port;
        packet.meta.about.src_port = bytes.lookahead<bit<448>>()[31:16];
        transition accept;
    }

    state about_other {
        packet.meta.about.src_port = 0;
        packet.meta.about.dst_port = 0;
        transition accept;
    }

    state tcp {
        bytes.extract(hdr.tcp);
        packet.meta.flow.src_port = hdr.tcp.src_port;
        packet.meta.flow.dst_port = hdr.tcp.dst_port;
        packet.meta.flow.tcp_flags = hdr.tcp.flags;
        verify(hdr.tcp.offset >= 5 && packet.meta.datagram.length >= (bit<16>)hdr.tcp.offset << 2, error.BadDatagram);
        transition select(hdr.tcp.offset, hdr.tcp.flags) {
            (5, _): accept;
            (6, _): options_4;
            (7, _): options_8;
            (8, 0 &&& 2): timestamps;
            (8, _): options_12;
            (9, _): options_16;
            (10, _): options_20;
            (11, _): options_24;
            (12, _): options_28;
            (13, _): options_32;
            (14, _): options_36;
            default: options_40;
        }
    }

    state timestamps {
        transition select(bytes.lookahead<bit<32>>()) {
            TIMESTAMPS_ALONE: accept;
            default: options_12;
        }
    }

    state options_4 {
        packet.meta.segment = { bytes.lookahead<bit<32>>() ++ 288w0, 4 };
        transition accept;
    }

    state options_8 {
        packet.meta.segment = { bytes.lookahead<bit<64>>() ++ 256w0, 8 };
        transition accept;
    }

    state options_12 {
        packet.meta.segment = { bytes.lookahead<bit<96>>() ++ 224w0, 12 };
        transition accept;
    }

    state options_16 {
        packet.meta.segment = { bytes.lookahead<bit<128>>() ++ 192w0, 16 };
        transition accept;
    }

    state options_20 {
        packet.meta.segment = { bytes.lookahead<bit<160>>() ++ 160w0, 20 };
        transition accept;
    }

    state options_24 {
        packet.meta.segment = { bytes.lookahead<bit<192>>() ++ 128w0, 24 };
        transition accept;
    }

    state options_28 {
        packet.meta.segment = { bytes.lookahead<bit<224>>() ++ 96w0, 28 };
        transition accept;
    }

    state options_32 {
        packet.meta.segment = { bytes.lookahead<bit<256>>() ++ 64w0, 32 };
        transition accept;
    }

    state options_36 {
        packet.meta.segment = { bytes.lookahead<bit<288>>() ++ 32w0, 36 };
        transition accept;
    }

    state options_40 {
        packet.meta.segment = { bytes.lookahead<bit<320>>(), 40 };
        transition accept;
    }
