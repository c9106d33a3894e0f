// Answers ARP and IPv6 neighbour solicitations of an instance with the router's MAC, whatever address is asked for: in a
// VPC every neighbour is reached through the virtual router. Questions about the instance's own addresses and probes for
// duplicates (RFC 5227: sender 0.0.0.0; RFC 4862: source ::) are not answered.
//
// Reads hdr.arp, hdr.neighbor, meta.own_address. Writes those headers, hdr.ethernet, meta.answered.
const bit<32> ADVERTISED  = 0xe0000000;   // router, solicited, override (RFC 4861, 4.4)
const bit<16> ARP_REQUEST = 1;
const bit<16> ARP_REPLY   = 2;

control neighbors(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    action back() {
        hdr.ethernet.dst = hdr.ethernet.src;
        hdr.ethernet.src = ROUTER_MAC;
        std.egress_spec = std.ingress_port;
        meta.answered = true;
    }

    action answer_arp() {
        back();
        hdr.arp.operation = ARP_REPLY;
        hdr.arp.target_mac = hdr.arp.sender_mac;
        hdr.arp.sender_mac = ROUTER_MAC;
        bit<32> asked = hdr.arp.target;
        hdr.arp.target = hdr.arp.sender;
        hdr.arp.sender = asked;
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
        hdr.link_address = { 2, 1, ROUTER_MAC };
    }

    apply {
        if (meta.drop != drop_reason_t.NONE) {
            return;
        }
        if (hdr.arp.isValid()) {
            if (hdr.arp.sender_mac != meta.eni_mac) {
                drop(meta, drop_reason_t.SPOOFED_MAC);
            } else if (hdr.arp.operation != ARP_REQUEST || hdr.arp.sender == 0 || meta.own_address) {
                drop(meta, drop_reason_t.NOT_ANSWERED);
            } else {
                answer_arp();
            }
        } else if (hdr.neighbor.isValid()) {
            if (hdr.ipv6.hop_limit != 255 || hdr.ipv6.src == 0 || meta.own_address) {
                drop(meta, drop_reason_t.NOT_ANSWERED);
            } else {
                advertise();
            }
        }
    }
}
