// The Blackfoot edge: between the underlay and networks outside, such as the internet.
//
//   underlay --> decapsulate and validate, find the gateway, translate --> the neighbour outside
//   outside  --> keep out what does not belong, translate, map         --> encapsulate
//   second pass --> the edge's own answers: time exceeded, packet too big
//
// An edge keeps no flow state: any of several edges takes any packet. Plugins attach at two hooks and claim packets: outbound
// they name the network, inbound the VPC; the loader writes <plugin_*.p4> (p4src/without_plugins stands for none).

#include <core.p4>
#include <v1model.p4>

#include "include/types.p4"
#include "include/sizes.p4"
#include "include/kinds.p4"
#include <plugin_types.p4>
#include "include/headers.p4"
#include "include/edge_headers.p4"
#include "include/edge_metadata.p4"
#include "include/edge_parser.p4"
#include "include/checksums.p4"
#include "stages/account.p4"
#include "stages/edge_port.p4"
#include "stages/edge_replies.p4"
#include "stages/decap.p4"
#include "stages/edge_gateway.p4"
#include "stages/edge_route.p4"
#include "stages/edge_neighbors.p4"
#include "stages/edge_guard.p4"
#include "stages/edge_bucket.p4"
#include "stages/edge_mapping.p4"
#include "stages/edge_limits.p4"
#include "stages/edge_rewrite.p4"
#include "stages/edge_emit.p4"
#include "stages/encap.p4"
#include <plugin_hooks.p4>

control blackfoot_ingress(inout headers_t hdr, inout packet_t packet, inout standard_metadata_t std) {
    @name(".receive_account") receive_account() receive_account_;
    @name(".edge_port") edge_port() edge_port_;
    @name(".edge_replies") edge_replies() edge_replies_;
    @name(".decap") decap() decap_;
    @name(".edge_gateway") edge_gateway() edge_gateway_;
    @name(".outbound") hook_blackfoot_outbound() outbound;
    @name(".edge_route") edge_route() edge_route_;
    @name(".edge_neighbors") edge_neighbors() edge_neighbors_;
    @name(".edge_guard") edge_guard() edge_guard_;
    @name(".inbound") hook_blackfoot_inbound() inbound;
    @name(".edge_bucket") edge_bucket() edge_bucket_;
    @name(".edge_mapping") edge_mapping() edge_mapping_;
    @name(".edge_limits") edge_limits() edge_limits_;
    @name(".edge_rewrite") edge_rewrite() edge_rewrite_;
    @name(".edge_emit") edge_emit() edge_emit_;
    @name(".encap") encap() encap_;
    @name(".drop_account") drop_account() drop_account_;

    apply {
        receive_account_.apply(packet.meta, std);
        edge_port_.apply(packet.meta, std);
        if (packet.meta.quoted) {
            edge_replies_.apply(hdr, packet.meta, std);
        } else if (packet.meta.origin == origin_t.UNDERLAY) {
            decap_.apply(hdr, packet.meta, std);
            edge_gateway_.apply(hdr, packet.meta);
            outbound.apply(hdr, packet, std);
            edge_route_.apply(packet.meta);
        } else {
            edge_neighbors_.apply(hdr, packet.meta, std);
            edge_guard_.apply(hdr, packet.meta);
            inbound.apply(hdr, packet, std);
            edge_bucket_.apply(hdr, packet.meta, std);
            edge_mapping_.apply(packet.meta);
        }
        if (!packet.meta.quoted) {
            edge_limits_.apply(hdr, packet.meta, std);
            edge_rewrite_.apply(hdr, packet.meta);
        }
        if (packet.meta.origin == origin_t.UNDERLAY) {
            edge_emit_.apply(hdr, packet.meta, std);
        } else {
            encap_.apply(hdr, packet.meta, std);
        }
        drop_account_.apply(packet.meta, std);
    }
}

control blackfoot_egress(inout headers_t hdr, inout packet_t packet, inout standard_metadata_t std) {
    @name(".send_account") send_account() send_account_;
    @name(".edge_second_pass") edge_second_pass() edge_second_pass_;

    apply {
        send_account_.apply(packet.meta, std);
        edge_second_pass_.apply(packet.meta, std);
    }
}

V1Switch(edge_parser(), verify_underlay(), blackfoot_ingress(), blackfoot_egress(), update_underlay(), edge_deparser()) main;
