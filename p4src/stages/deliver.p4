// Hands the packet to the ENI's port, in an Ethernet frame from the router.
//
// Reads meta.local_port, meta.local_mac, meta.inner_type. Writes hdr.ethernet, the egress port.
control deliver(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    action to_eni() {
        std.egress_spec = meta.local_port;
        hdr.ethernet = { meta.local_mac, ROUTER_MAC, meta.inner_type };
    }

    apply {
        if (meta.drop == drop_reason_t.NONE) {
            to_eni();
        }
    }
}
