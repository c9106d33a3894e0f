control mark_from_eni(inout headers_t hdr, inout metadata_t meta, inout mark_t mark, inout standard_metadata_t std) {
    apply {
        mark.marked = meta.flow.protocol == PROTOCOL_UDP && meta.flow.dst_port == 7;
        if (mark.marked) {
            meta.flow.protocol = 250;
        }
    }
}
