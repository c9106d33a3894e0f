// Hands the packet to the neighbour outside.
//
// Reads meta.edge, meta.inner_type. Writes hdr.ethernet, the egress port.
control edge_emit(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    action to_neighbor() {
        std.egress_spec = meta.edge.out_port;
        hdr.ethernet = { meta.edge.next_hop, meta.edge.out_mac, meta.inner_type };
    }

    apply {
        if (meta.drop == drop_reason_t.NONE && !meta.answered) {
            to_neighbor();
        }
    }
}
