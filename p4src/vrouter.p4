// The embedded router of a physical host: instances behind ENI ports, other hosts behind underlay ports.
//
//   ENI port      --> classify, answer ARP, check the source, route, map --> deliver here, or encapsulate
//   underlay port --> decapsulate and validate --> deliver

#include <core.p4>
#include <v1model.p4>

#include "include/types.p4"
#include "include/sizes.p4"
#include "include/headers.p4"
#include "include/metadata.p4"
#include "include/parser.p4"
#include "include/checksums.p4"
#include "stages/account.p4"
#include "stages/classify.p4"
#include "stages/own_address.p4"
#include "stages/neighbors.p4"
#include "stages/source_check.p4"
#include "stages/route.p4"
#include "stages/mapping.p4"
#include "stages/decap.p4"
#include "stages/deliver.p4"
#include "stages/encap.p4"

control vrouter_ingress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    @name(".receive_account") receive_account() receive_account_;
    @name(".classify") classify() classify_;
    @name(".own_address") own_address() own_address_;
    @name(".neighbors") neighbors() neighbors_;
    @name(".source_check") source_check() source_check_;
    @name(".route") route() route_;
    @name(".mapping") mapping() mapping_;
    @name(".decap") decap() decap_;
    @name(".deliver") deliver() deliver_;
    @name(".encap") encap() encap_;
    @name(".drop_account") drop_account() drop_account_;

    apply {
        receive_account_.apply(std);
        classify_.apply(hdr, meta, std);
        if (meta.origin == origin_t.ENI) {
            own_address_.apply(hdr, meta);
            neighbors_.apply(hdr, meta, std);
            source_check_.apply(hdr, meta);
            route_.apply(meta);
            mapping_.apply(meta);
        } else {
            decap_.apply(hdr, meta, std);
        }
        deliver_.apply(hdr, meta, std);
        encap_.apply(hdr, meta, std);
        drop_account_.apply(meta, std);
    }
}

control vrouter_egress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    @name(".send_account") send_account() send_account_;

    apply {
        send_account_.apply(std);
    }
}

V1Switch(vpc_parser(), verify_underlay(), vrouter_ingress(), vrouter_egress(), update_underlay(), vpc_deparser()) main;
