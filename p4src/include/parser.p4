// From the underlay: Ethernet, IPv4, UDP, Geneve, options in any order, inner IP.
// From an ENI:       Ethernet, then ARP or IP; Geneve there is payload.
//
// Reads the ingress port. Writes the headers, meta.origin, meta.flow, meta.inner_* and meta.parsing.

#ifndef PARSER_P4
#define PARSER_P4

error { BadTunnel, BadOption, BadDatagram }

const bit<32> RECIRCULATED     = 4;      // standard_metadata.instance_type
const bit<32> COPIED           = 1;
const bit<8>  TUNNEL_TTL       = 64;
const bit<16> TUNNEL_ROOM      = 50;     // Ethernet, IPv4, UDP and Geneve in front of its options
const bit<32> TIMESTAMPS_ALONE = 0x0101080a;   // how TCP options begin that are two NOPs and timestamps
const bit<16> LONGEST_EXTENSION = 256;
const bit<32> QUOTED_IPV6_BITS = 9536;   // 1280 bytes less two IPv6 headers and the ICMPv6 header

#include <plugin_parsers.p4>

parser vpc_parser(packet_in bytes, out headers_t hdr, inout packet_t packet, inout standard_metadata_t std) {
#include <plugin_parser_instances.p4>

    state start {
        packet.meta.drop = drop_reason_t.NONE;
        packet.meta.answered = false;
        packet.meta.consumed = false;
        packet.meta.parsing = { 0, 0, 0, 0 };
        packet.meta.segment.option_bytes = 0;
        packet.meta.about.known = false;
        packet.meta.datagram.icmp = 0;
        transition select(std.instance_type, std.ingress_port) {
            (RECIRCULATED, _): frame;
            (_, CPU_PORT): control_packet;
            default: frame;
        }
    }

    state control_packet {
        packet.meta.quoted = false;
        packet.meta.origin = origin_t.CONTROL;
        packet.meta.port = std.ingress_port;
        bytes.extract(hdr.packet_out);
        transition accept;
    }

    state frame {
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
            TICK_PORT: tick;
            default: from_eni;
        }
    }

    state tick {
        packet.meta.origin = origin_t.TICK;
        transition accept;
    }

    state from_eni {
        packet.meta.origin = origin_t.ENI;
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

#include "parse_inner.p4"

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

#include <plugin_states.p4>
}

control vpc_deparser(packet_out bytes, in headers_t hdr) {
    apply {
        bytes.emit(hdr);
    }
}

#endif
