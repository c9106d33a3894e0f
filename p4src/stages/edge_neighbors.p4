// Answers ARP and IPv6 neighbour solicitations from outside about the edge's own addresses, and about no others: networks
// outside send what is for elastic addresses by a route to the edge.
//
// Reads hdr.arp, hdr.neighbor, meta.back, meta.edge. Writes those headers, hdr.ethernet, meta.answered.
const bit<32> ADVERTISED  = 0xe0000000;   // router, solicited, override (RFC 4861, 4.4)
const bit<16> ARP_REQUEST = 1;
const bit<16> ARP_REPLY   = 2;

control edge_neighbors(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    action back() {
        hdr.ethernet.dst = hdr.ethernet.src;
        hdr.ethernet.src = meta.edge.mac;
        std.egress_spec = std.ingress_port;
        meta.answered = true;
    }

    action answer_arp() {
        back();
        hdr.arp.operation = ARP_REPLY;
        hdr.arp.target_mac = hdr.arp.sender_mac;
        hdr.arp.sender_mac = meta.edge.mac;
        hdr.arp.target = hdr.arp.sender;
        hdr.arp.sender = meta.back.router;
    }

    action advertise() {
        back();
        hdr.ipv6.dst = hdr.ipv6.src;
        hdr.ipv6.src = hdr.neighbor.target;
        hdr.ipv6.hop_limit = 255;
        hdr.ipv6.payload_length = NEIGHBOR_BYTES + 8;
        hdr.neighbor.type = NEIGHBOR_ADVERTISEMENT;
        hdr.neighbor.flags = ADVERTISED;
        hdr.link_address.setValid();
        hdr.link_address = { 2, 1, meta.edge.mac };
    }

    apply {
        if (meta.drop != drop_reason_t.NONE) {
            return;
        }
        if (hdr.arp.isValid()) {
            if (hdr.arp.operation == ARP_REQUEST && hdr.arp.target == meta.back.router) {
                answer_arp();
            } else {
                drop(meta, drop_reason_t.NOT_ANSWERED);
            }
        } else if (hdr.neighbor.isValid()) {
            if (hdr.ipv6.hop_limit == 255 && hdr.ipv6.src != 0 && hdr.neighbor.target == meta.back.router_ipv6) {
                advertise();
            } else {
                drop(meta, drop_reason_t.NOT_ANSWERED);
            }
        }
    }
}
