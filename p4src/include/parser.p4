// From the underlay: Ethernet, IPv4, UDP, Geneve, options in any order, inner IP.
// From an ENI:       Ethernet, then ARP or IP; Geneve there is payload.
//
// Reads the ingress port. Writes the headers, meta.origin, meta.flow, meta.inner_* and meta.parsing.

#ifndef PARSER_P4
#define PARSER_P4

error { BadTunnel, BadOption }

const bit<32> RECIRCULATED     = 4;      // standard_metadata.instance_type
const bit<32> COPIED           = 1;
const bit<8>  TUNNEL_TTL       = 64;
const bit<32> QUOTED_IPV6_BITS = 9536;   // 1280 bytes less two IPv6 headers and the ICMPv6 header

parser vpc_parser(packet_in bytes, out headers_t hdr, inout packet_t packet, inout standard_metadata_t std) {
    state start {
        packet.meta.drop = drop_reason_t.NONE;
        packet.meta.answered = false;
        packet.meta.consumed = false;
        packet.meta.parsing = { 0, 0, 0 };
        bytes.extract(hdr.ethernet);
        transition select(std.instance_type) {
            RECIRCULATED: quotation;
            default: first_pass;
        }
    }

    state quotation {
        packet.meta.quoted = true;
        packet.meta.origin = origin_t.ENI;
        packet.meta.port = packet.meta.reply.port;
        transition select(packet.meta.reply.kind, hdr.ethernet.type) {
            (reply_t.MAPPING_REQUEST, _): request;
            (_, TYPE_IPV4): quoted_ipv4;
            default: quoted_ipv6;
        }
    }

    state request {
        packet.meta.origin = origin_t.ROUTER;
        transition accept;
    }

    state quoted_ipv4 {
        bytes.extract(hdr.ipv4);
        bytes.extract(hdr.quote_ipv4);
        transition accept;
    }

    state quoted_ipv6 {
        bytes.extract(hdr.ipv6);
        bytes.extract(hdr.quote_ipv6, QUOTED_IPV6_BITS);
        transition accept;
    }

    state first_pass {
        packet.meta.quoted = false;
        packet.meta.port = std.ingress_port;
        packet.meta.reply.kind = reply_t.NONE;
        transition select(std.ingress_port) {
            UNDERLAY_PORTS &&& UNDERLAY_PORT_MASK: from_underlay;
            default: from_eni;
        }
    }

    state from_eni {
        packet.meta.origin = origin_t.ENI;
        packet.meta.tunnel.ttl = TUNNEL_TTL;
        packet.meta.inner_type = hdr.ethernet.type;
        transition select(hdr.ethernet.type) {
            TYPE_ARP: arp;
            default: inner;
        }
    }

    state arp {
        bytes.extract(hdr.arp);
        transition accept;
    }

    state from_underlay {
        packet.meta.origin = origin_t.UNDERLAY;
        transition select(hdr.ethernet.type) {
            TYPE_IPV4: underlay;
            default: accept;
        }
    }

    state underlay {
        bytes.extract(hdr.underlay);
        packet.meta.tunnel.src = hdr.underlay.src;
        packet.meta.tunnel.ttl = hdr.underlay.ttl;
        transition select(hdr.underlay.version, hdr.underlay.ihl, hdr.underlay.fragment, hdr.underlay.protocol) {
            (4, 5, 0, PROTOCOL_UDP): tunnel;
            default: accept;
        }
    }

    state tunnel {
        bytes.extract(hdr.tunnel);
        transition select(hdr.tunnel.dst_port) {
            GENEVE_PORT: geneve;
            MAPPING_PORT: message;
            default: accept;
        }
    }

    state message {
        bytes.extract(hdr.message);
        transition accept;
    }

    state geneve {
        bytes.extract(hdr.geneve);
        verify(hdr.geneve.version == 0, error.BadTunnel);
        packet.meta.inner_type = hdr.geneve.protocol;
        packet.meta.parsing.words_left = (bit<8>)hdr.geneve.option_words;
        transition options;
    }

    state options {
        transition select(packet.meta.parsing.words_left) {
            0: inner;
            default: option;
        }
    }

    state option {
        bit<32> front = bytes.lookahead<bit<32>>();
        packet.meta.parsing.option_words = (bit<8>)front[4:0] + 1;
        verify(packet.meta.parsing.option_words <= packet.meta.parsing.words_left, error.BadOption);
        packet.meta.parsing.words_left = packet.meta.parsing.words_left - packet.meta.parsing.option_words;
        transition select(front[31:16], front[15:8], front[4:0]) {
            (OPTION_CLASS, OPTION_ENI, OPTION_ENI_WORDS): option_eni;
            default: option_other;
        }
    }

    state option_eni {
        bytes.extract(hdr.option_eni);
        transition options;
    }

    state option_other {
        bytes.extract(hdr.option_other.next, (bit<32>)(packet.meta.parsing.option_words - 1) << 5);
        packet.meta.parsing.unknown_critical = packet.meta.parsing.unknown_critical | hdr.option_other.last.type[7:7];
        transition options;
    }

    state inner {
        transition select(packet.meta.inner_type) {
            TYPE_IPV4: ipv4;
            TYPE_IPV6: ipv6;
            default: accept;
        }
    }

    state ipv4 {
        bytes.extract(hdr.ipv4);
        packet.meta.inner_length = hdr.ipv4.length;
        packet.meta.flow = { IPV4_MAPPED ++ hdr.ipv4.src, IPV4_MAPPED ++ hdr.ipv4.dst, hdr.ipv4.protocol, 0, 0 };
        transition select(hdr.ipv4.ihl, hdr.ipv4.fragment, hdr.ipv4.protocol) {
            (5, 0, PROTOCOL_TCP): ports;
            (5, 0, PROTOCOL_UDP): ports;
            default: accept;
        }
    }

    state ipv6 {
        bytes.extract(hdr.ipv6);
        packet.meta.inner_length = hdr.ipv6.payload_length + 40;
        packet.meta.flow = { hdr.ipv6.src, hdr.ipv6.dst, hdr.ipv6.next_header, 0, 0 };
        transition select(hdr.ipv6.next_header) {
            PROTOCOL_TCP: ports;
            PROTOCOL_UDP: ports;
            PROTOCOL_ICMPV6: icmpv6;
            default: accept;
        }
    }

    state icmpv6 {
        transition select(packet.meta.origin, bytes.lookahead<bit<8>>()) {
            (origin_t.ENI, NEIGHBOR_SOLICITATION): neighbor;
            default: accept;
        }
    }

    state neighbor {
        bytes.extract(hdr.neighbor);
        transition select(hdr.ipv6.payload_length) {
            NEIGHBOR_BYTES: accept;
            default: link_address;
        }
    }

    state link_address {
        bytes.extract(hdr.link_address);
        transition accept;
    }

    state ports {
        bytes.extract(hdr.ports);
        packet.meta.flow.src_port = hdr.ports.src;
        packet.meta.flow.dst_port = hdr.ports.dst;
        transition accept;
    }
}

control vpc_deparser(packet_out bytes, in headers_t hdr) {
    apply {
        bytes.emit(hdr);
    }
}

#endif
