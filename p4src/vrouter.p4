// The embedded router of a physical host: instances behind ENI ports, other hosts behind underlay ports.
//
//   ENI port      --> classify, answer neighbours, check the source, route, map --> deliver here, or encapsulate
//   underlay port --> decapsulate and validate --> deliver, or pass on (a gateway; an ENI that has moved)
//   CPU port      --> the controller asks about flows, and is answered
//   ticks         --> remove flows that have expired
//   second pass   --> the router's own answers and questions: packet too big, who hosts this address?
//
// Plugins attach at hooks; the loader writes <plugin_*.p4> (p4src/without_plugins stands for none).

#include <core.p4>
#include <v1model.p4>

#include "include/types.p4"
#include "include/sizes.p4"
#include <plugin_types.p4>
#include "include/headers.p4"
#include "include/vrouter_headers.p4"
#include "include/metadata.p4"
#include "include/parser.p4"
#include "include/checksums.p4"
#include "stages/account.p4"
#include "stages/classify.p4"
#include "stages/replies.p4"
#include "stages/own_address.p4"
#include "stages/neighbors.p4"
#include "stages/source_check.p4"
#include "stages/flow_find.p4"
#include "stages/flow_record.p4"
#include "stages/flow_sweep.p4"
#include "stages/flow_control.p4"
#include "stages/route.p4"
#include "stages/choose_device.p4"
#include "stages/choose_bucket.p4"
#include "stages/peering.p4"
#include "stages/too_big.p4"
#include "stages/mapping_messages.p4"
#include "stages/mapping.p4"
#include "stages/mapping_policy.p4"
#include "stages/mapping_cache.p4"
#include "stages/source_trust.p4"
#include "stages/mapping_miss.p4"
#include "stages/decap.p4"
#include "stages/locate.p4"
#include "stages/deliver.p4"
#include "stages/encap.p4"
#include <plugin_hooks.p4>

control vrouter_ingress(inout headers_t hdr, inout packet_t packet, inout standard_metadata_t std) {
    @name(".receive_account") receive_account() receive_account_;
    @name(".classify") classify() classify_;
    @name(".flow_sweep") flow_sweep() flow_sweep_;
    @name(".flow_control") flow_control() flow_control_;
    @name(".tick") hook_vrouter_tick() tick;
    @name(".replies") replies() replies_;
    @name(".own_address") own_address() own_address_;
    @name(".neighbors") neighbors() neighbors_;
    @name(".source_check") source_check() source_check_;
    @name(".flow_out") flow_find(true) flow_out_find;
    @name(".from_eni") hook_vrouter_from_eni() from_eni;
    @name(".route") route() route_;
    @name(".choose_device") choose_device() choose_device_;
    @name(".choose_bucket") choose_bucket() choose_bucket_;
    @name(".peering") peering() peering_;
    @name(".too_big") too_big() too_big_;
    @name(".decap") decap() decap_;
    @name(".mapping_messages") mapping_messages() mapping_messages_;
    @name(".mapping_request") mapping_request() mapping_request_;
    @name(".mapping") mapping() mapping_;
    @name(".mapping_policy") mapping_policy() mapping_policy_;
    @name(".mapping_cache") mapping_cache() mapping_cache_;
    @name(".mapping_confirm") mapping_confirm() mapping_confirm_;
    @name(".source_trust") source_trust() source_trust_;
    @name(".mapping_miss") mapping_miss() mapping_miss_;
    @name(".from_underlay") hook_vrouter_from_underlay() from_underlay;
    @name(".locate") locate() locate_;
    @name(".flow_out_record") flow_record() flow_out_record;
    @name(".flow_in") flow_find(false) flow_in_find;
    @name(".to_eni") hook_vrouter_to_eni() to_eni;
    @name(".flow_in_record") flow_record() flow_in_record;
    @name(".deliver") deliver() deliver_;
    @name(".to_underlay") hook_vrouter_to_underlay() to_underlay;
    @name(".encap") encap() encap_;
    @name(".control") hook_vrouter_control() control_;
    @name(".end") hook_vrouter_end() end;
    @name(".drop_account") drop_account() drop_account_;

    apply {
        receive_account_.apply(packet.meta, std);
        classify_.apply(hdr, packet.meta, std);
        if (packet.meta.origin == origin_t.ENI) {
            replies_.apply(hdr, packet.meta, std);
            own_address_.apply(hdr, packet.meta);
            neighbors_.apply(hdr, packet.meta, std);
            source_check_.apply(hdr, packet.meta);
            flow_out_find.apply(hdr, packet.meta, std);
            from_eni.apply(hdr, packet, std);
            route_.apply(packet.meta);
            choose_device_.apply(packet.meta);
            choose_bucket_.apply(packet.meta);
            too_big_.apply(hdr, packet.meta, std);
        } else if (packet.meta.origin == origin_t.UNDERLAY) {
            decap_.apply(hdr, packet.meta, std);
            mapping_messages_.apply(hdr, packet.meta);
        } else if (packet.meta.origin == origin_t.TICK) {
            flow_sweep_.apply(packet.meta, std);
            tick.apply(hdr, packet, std);
        } else if (packet.meta.origin == origin_t.CONTROL) {
            control_.apply(hdr, packet, std);
            flow_control_.apply(hdr, packet.meta, std);
        }
        peering_.apply(packet.meta);
        mapping_.apply(packet.meta);
        mapping_policy_.apply(hdr, packet.meta);
        mapping_cache_.apply(hdr, packet.meta, std);
        mapping_confirm_.apply(hdr, packet.meta, std);
        source_trust_.apply(packet.meta);
        mapping_miss_.apply(packet.meta, std);
        mapping_request_.apply(hdr, packet.meta);
        if (packet.meta.origin == origin_t.UNDERLAY) {
            from_underlay.apply(hdr, packet, std);
        }
        locate_.apply(packet.meta);
        if (!packet.meta.local && (packet.meta.origin == origin_t.ENI || packet.meta.origin == origin_t.UNDERLAY)) {
            to_underlay.apply(hdr, packet, std);
        }
        if (packet.meta.origin == origin_t.ENI) {
            flow_out_record.apply(hdr, packet.meta, std);
        }
        if (packet.meta.local) {
            flow_in_find.apply(hdr, packet.meta, std);
            to_eni.apply(hdr, packet, std);
            flow_in_record.apply(hdr, packet.meta, std);
            deliver_.apply(hdr, packet.meta, std);
        } else {
            encap_.apply(hdr, packet.meta, std);
        }
        end.apply(hdr, packet, std);
        drop_account_.apply(packet.meta, std);
    }
}

control vrouter_egress(inout headers_t hdr, inout packet_t packet, inout standard_metadata_t std) {
    @name(".send_account") send_account() send_account_;
    @name(".second_pass") second_pass() second_pass_;

    apply {
        send_account_.apply(packet.meta, std);
        second_pass_.apply(packet.meta, std);
    }
}

V1Switch(vpc_parser(), verify_underlay(), vrouter_ingress(), vrouter_egress(), update_underlay(), vpc_deparser()) main;
