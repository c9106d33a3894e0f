// From the underlay: Ethernet, IPv4, UDP, Geneve, options in any order, inner IP.
// From outside:      Ethernet, then ARP or IP; Geneve there is payload.
//
// Reads the ingress port. Writes the headers, meta.origin, meta.flow, meta.inner_*, meta.datagram and meta.parsing.

#ifndef EDGE_PARSER_P4
#define EDGE_PARSER_P4

error { BadTunnel, BadOption, BadDatagram }

const bit<32> RECIRCULATED     = 4;      // standard_metadata.instance_type
const bit<32> COPIED           = 1;
const bit<8>  TUNNEL_TTL       = 64;
const bit<16> TUNNEL_ROOM      = 50;     // Ethernet, IPv4, UDP and Geneve in front of its options
const bit<32> QUOTED_IPV6_BITS = 9536;   // 1280 bytes less two IPv6 headers and the ICMPv6 header

parser edge_parser(packet_in bytes, out headers_t hdr, inout packet_t packet, inout standard_metadata_t std) {
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
        packet.meta.port = packet.meta.reply.port;
        transition select(hdr.ethernet.type) {
            TYPE_IPV4: quoted_ipv4;
            default: quoted_ipv6;
        }
    }

    state quoted_ipv4 {
        bytes.extract(hdr.ipv4);
        bytes.extract(hdr.quote_ipv4);
        transition accept;
    }

    state quoted_ipv6 {
        bytes.extract(hdr.ipv6);
        transition select(hdr.ipv6.payload_length) {
            1192 .. 0xffff: long_quotation;
            default: short_quotation;
        }
    }

    state long_quotation {
        bytes.extract(hdr.quote_ipv6, QUOTED_IPV6_BITS);
        transition accept;
    }

    state short_quotation {
        bytes.extract(hdr.quote_ipv6, (bit<32>)hdr.ipv6.payload_length << 3);
        transition accept;
    }

    state first_pass {
        packet.meta.quoted = false;
        packet.meta.port = std.ingress_port;
        packet.meta.reply.kind = reply_t.NONE;
        transition select(std.ingress_port) {
            UNDERLAY_PORTS &&& UNDERLAY_PORT_MASK: from_underlay;
            default: from_outside;
        }
    }

    state from_outside {
        packet.meta.origin = origin_t.OUTSIDE;
        packet.meta.tunnel.ttl = TUNNEL_TTL;
        packet.meta.inner_type = hdr.ethernet.type;
        packet.meta.datagram.room = 14;
        transition select(hdr.ethernet.type) {
            TYPE_ARP: arp;
            default: inner;
        }
    }

    state arp {
        bytes.extract(hdr.arp);
        transition accept;
    }

#include "parse_tunnel.p4"

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
        packet.meta.flow = { IPV4_MAPPED ++ hdr.ipv4.src, IPV4_MAPPED ++ hdr.ipv4.dst, hdr.ipv4.protocol, 0, 0,
                             fragment_t.NONE };
        bit<16> headers = (bit<16>)hdr.ipv4.ihl << 2;
        verify(hdr.ipv4.version == 4 && hdr.ipv4.ihl >= 5 && hdr.ipv4.length >= headers, error.BadDatagram);
        verify((bit<32>)packet.meta.datagram.room + (bit<32>)hdr.ipv4.length <= std.packet_length, error.BadDatagram);
        packet.meta.datagram.length = hdr.ipv4.length - headers;
        packet.meta.datagram.id = 16w0 ++ hdr.ipv4.id;
        transition select(hdr.ipv4.ihl) {
            5: fragments;
            default: options_of_ipv4;
        }
    }

    state options_of_ipv4 {
        bytes.extract(hdr.ipv4_options, (bit<32>)(hdr.ipv4.ihl - 5) << 5);
        transition fragments;
    }

    state fragments {
        transition select(hdr.ipv4.fragment, hdr.ipv4.flags) {
            (0, 0 &&& 1): transport;
            (0, 1 &&& 1): first_fragment;
            default: later_fragment;
        }
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
        transition select(hdr.ipv4.protocol) {
            PROTOCOL_TCP: tcp;
            PROTOCOL_UDP: udp;
            PROTOCOL_ICMP: icmp;
            default: accept;
        }
    }

    state tcp {
        verify(packet.meta.datagram.length >= 20, error.BadDatagram);
        bytes.extract(hdr.tcp);
        packet.meta.flow.src_port = hdr.tcp.src_port;
        packet.meta.flow.dst_port = hdr.tcp.dst_port;
        transition accept;
    }

    state udp {
        verify(packet.meta.datagram.length >= 8, error.BadDatagram);
        bytes.extract(hdr.udp);
        packet.meta.flow.src_port = hdr.udp.src_port;
        packet.meta.flow.dst_port = hdr.udp.dst_port;
        transition accept;
    }

    state icmp {
        verify(packet.meta.datagram.length >= 8, error.BadDatagram);
        bytes.extract(hdr.icmp);
        transition select(hdr.icmp.type) {
            3: about;
            4: about;
            11: about;
            12: about;
            default: accept;
        }
    }

    // What an error is about: an IPv4 header and at least 64 bits (RFC 792).
    state about {
        verify(packet.meta.datagram.length >= 36, error.BadDatagram);
        bytes.extract(hdr.about_ipv4);
        packet.meta.datagram.is_error = true;
        transition select(hdr.about_ipv4.version, hdr.about_ipv4.ihl, hdr.about_ipv4.fragment, hdr.about_ipv4.protocol) {
            (4, 5, 0, PROTOCOL_TCP): about_tcp;
            (4, 5, 0, PROTOCOL_UDP): about_udp;
            (4, 5, 0, PROTOCOL_ICMP): about_icmp;
            default: accept;
        }
    }

    // Of TCP the checksum is not always quoted.
    state about_tcp {
        transition select(packet.meta.datagram.length) {
            0 .. 47: about_ports;
            default: about_whole_tcp;
        }
    }

    state about_whole_tcp {
        bytes.extract(hdr.about_tcp);
        transition accept;
    }

    state about_ports {
        bytes.extract(hdr.about_icmp);
        transition accept;
    }

    state about_udp {
        bytes.extract(hdr.about_udp);
        transition accept;
    }

    state about_icmp {
        bytes.extract(hdr.about_icmp);
        transition accept;
    }

    state ipv6 {
        bytes.extract(hdr.ipv6);
        packet.meta.inner_length = hdr.ipv6.payload_length + 40;
        packet.meta.flow = { hdr.ipv6.src, hdr.ipv6.dst, hdr.ipv6.next_header, 0, 0, fragment_t.NONE };
        verify(hdr.ipv6.version == 6 && packet.meta.inner_length >= 40, error.BadDatagram);
        verify((bit<32>)packet.meta.datagram.room + (bit<32>)packet.meta.inner_length <= std.packet_length,
               error.BadDatagram);
        packet.meta.datagram.length = hdr.ipv6.payload_length;
        transition select(hdr.ipv6.next_header) {
            PROTOCOL_TCP: tcp;
            PROTOCOL_UDP: udp;
            PROTOCOL_ICMPV6: icmpv6;
            default: accept;
        }
    }

    state icmpv6 {
        packet.meta.datagram.is_error = bytes.lookahead<bit<1>>() == 0;
        transition select(packet.meta.origin, bytes.lookahead<bit<8>>()) {
            (origin_t.OUTSIDE, NEIGHBOR_SOLICITATION): neighbor;
            default: accept;
        }
    }

    state neighbor {
        bytes.extract(hdr.neighbor);
        transition select(packet.meta.datagram.length) {
            NEIGHBOR_BYTES: accept;
            default: link_address;
        }
    }

    state link_address {
        bytes.extract(hdr.link_address);
        transition accept;
    }
}

control edge_deparser(packet_out bytes, in headers_t hdr) {
    apply {
        bytes.emit(hdr);
    }
}

#endif
