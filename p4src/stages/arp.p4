// Answers ARP requests of an instance with the router's MAC, whatever address is asked for: in a VPC every neighbour
// is reached through the virtual router. Probes for duplicates (RFC 5227, sender 0.0.0.0) and questions about the
// instance's own address are not answered.
//
// Reads hdr.arp. Writes hdr.arp, hdr.ethernet, meta.answered.
const mac_t ROUTER_MAC = 0x02_76_70_63_00_01;

control arp_responder(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    action answer() {
        hdr.arp.operation = 2;
        hdr.arp.target_mac = hdr.arp.sender_mac;
        hdr.arp.sender_mac = ROUTER_MAC;
        bit<32> asked = hdr.arp.target;
        hdr.arp.target = hdr.arp.sender;
        hdr.arp.sender = asked;
        hdr.ethernet.dst = hdr.ethernet.src;
        hdr.ethernet.src = ROUTER_MAC;
        std.egress_spec = std.ingress_port;
        meta.answered = true;
    }

    apply {
        if (meta.drop != drop_reason_t.NONE || !hdr.arp.isValid()) {
            return;
        }
        if (hdr.ethernet.src != meta.eni_mac || hdr.arp.sender_mac != meta.eni_mac) {
            drop(meta, drop_reason_t.SPOOFED_MAC);
        } else if (hdr.arp.operation != 1 || hdr.arp.sender == 0 || hdr.arp.sender == hdr.arp.target) {
            drop(meta, drop_reason_t.NOT_ANSWERED);
        } else {
            answer();
        }
    }
}
