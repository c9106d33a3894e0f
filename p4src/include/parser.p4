// From the underlay: Ethernet, IPv4, UDP, Geneve, options in any order, inner IP.
// From an ENI:       Ethernet, then ARP or IP; Geneve there is payload.
//
// Reads the ingress port. Writes the headers, meta.origin, meta.flow, meta.inner_* and meta.parsing.

#ifndef PARSER_P4
#define PARSER_P4

error { BadTunnel, BadOption }

parser vpc_parser(packet_in packet, out headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    state start {
        meta.drop = drop_reason_t.NONE;
        meta.answered = false;
        meta.parsing = { 0, 0, 0 };
        packet.extract(hdr.ethernet);
        transition select(std.ingress_port) {
            UNDERLAY_PORTS &&& UNDERLAY_PORT_MASK: from_underlay;
            default: from_eni;
        }
    }

    state from_eni {
        meta.origin = origin_t.ENI;
        meta.inner_type = hdr.ethernet.type;
        transition select(hdr.ethernet.type) {
            TYPE_ARP: arp;
            default: inner;
        }
    }

    state arp {
        packet.extract(hdr.arp);
        transition accept;
    }

    state from_underlay {
        meta.origin = origin_t.UNDERLAY;
        transition select(hdr.ethernet.type) {
            TYPE_IPV4: underlay;
            default: accept;
        }
    }

    state underlay {
        packet.extract(hdr.underlay);
        meta.tunnel.src = hdr.underlay.src;
        transition select(hdr.underlay.version, hdr.underlay.ihl, hdr.underlay.fragment, hdr.underlay.protocol) {
            (4, 5, 0, PROTOCOL_UDP): tunnel;
            default: accept;
        }
    }

    state tunnel {
        packet.extract(hdr.tunnel);
        transition select(hdr.tunnel.dst_port) {
            GENEVE_PORT: geneve;
            default: accept;
        }
    }

    state geneve {
        packet.extract(hdr.geneve);
        verify(hdr.geneve.version == 0, error.BadTunnel);
        meta.inner_type = hdr.geneve.protocol;
        meta.parsing.words_left = (bit<8>)hdr.geneve.option_words;
        transition options;
    }

    state options {
        transition select(meta.parsing.words_left) {
            0: inner;
            default: option;
        }
    }

    state option {
        bit<32> front = packet.lookahead<bit<32>>();
        meta.parsing.option_words = (bit<8>)front[4:0] + 1;
        verify(meta.parsing.option_words <= meta.parsing.words_left, error.BadOption);
        meta.parsing.words_left = meta.parsing.words_left - meta.parsing.option_words;
        transition select(front[31:16], front[15:8], front[4:0]) {
            (OPTION_CLASS, OPTION_ENI, OPTION_ENI_WORDS): option_eni;
            default: option_other;
        }
    }

    state option_eni {
        packet.extract(hdr.option_eni);
        transition options;
    }

    state option_other {
        packet.extract(hdr.option_other.next, (bit<32>)(meta.parsing.option_words - 1) << 5);
        meta.parsing.unknown_critical = meta.parsing.unknown_critical | hdr.option_other.last.type[7:7];
        transition options;
    }

    state inner {
        transition select(meta.inner_type) {
            TYPE_IPV4: ipv4;
            TYPE_IPV6: ipv6;
            default: accept;
        }
    }

    state ipv4 {
        packet.extract(hdr.ipv4);
        meta.inner_length = hdr.ipv4.length;
        meta.flow = { IPV4_MAPPED ++ hdr.ipv4.src, IPV4_MAPPED ++ hdr.ipv4.dst, hdr.ipv4.protocol, 0, 0 };
        transition select(hdr.ipv4.ihl, hdr.ipv4.fragment, hdr.ipv4.protocol) {
            (5, 0, PROTOCOL_TCP): ports;
            (5, 0, PROTOCOL_UDP): ports;
            default: accept;
        }
    }

    state ipv6 {
        packet.extract(hdr.ipv6);
        meta.inner_length = hdr.ipv6.payload_length + 40;
        meta.flow = { hdr.ipv6.src, hdr.ipv6.dst, hdr.ipv6.next_header, 0, 0 };
        transition select(hdr.ipv6.next_header) {
            PROTOCOL_TCP: ports;
            PROTOCOL_UDP: ports;
            PROTOCOL_ICMPV6: icmpv6;
            default: accept;
        }
    }

    state icmpv6 {
        transition select(meta.origin, packet.lookahead<bit<8>>()) {
            (origin_t.ENI, NEIGHBOR_SOLICITATION): neighbor;
            default: accept;
        }
    }

    state neighbor {
        packet.extract(hdr.neighbor);
        transition select(hdr.ipv6.payload_length) {
            NEIGHBOR_BYTES: accept;
            default: link_address;
        }
    }

    state link_address {
        packet.extract(hdr.link_address);
        transition accept;
    }

    state ports {
        packet.extract(hdr.ports);
        meta.flow.src_port = hdr.ports.src;
        meta.flow.dst_port = hdr.ports.dst;
        transition accept;
    }
}

control vpc_deparser(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr);
    }
}

#endif
