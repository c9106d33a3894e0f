// No plugin is loaded: every hook does nothing.

control hook_vrouter_from_eni(inout headers_t hdr, inout packet_t packet, inout standard_metadata_t std) {
    apply {
    }
}

control hook_vrouter_to_underlay(inout headers_t hdr, inout packet_t packet, inout standard_metadata_t std) {
    apply {
    }
}

control hook_vrouter_from_underlay(inout headers_t hdr, inout packet_t packet, inout standard_metadata_t std) {
    apply {
    }
}

control hook_vrouter_to_eni(inout headers_t hdr, inout packet_t packet, inout standard_metadata_t std) {
    apply {
    }
}

control hook_vrouter_tick(inout headers_t hdr, inout packet_t packet, inout standard_metadata_t std) {
    apply {
    }
}

control hook_vrouter_control(inout headers_t hdr, inout packet_t packet, inout standard_metadata_t std) {
    apply {
    }
}

control hook_vrouter_end(inout headers_t hdr, inout packet_t packet, inout standard_metadata_t std) {
    apply {
    }
}

control hook_blackfoot_outbound(inout headers_t hdr, inout packet_t packet, inout standard_metadata_t std) {
    apply {
    }
}

control hook_blackfoot_inbound(inout headers_t hdr, inout packet_t packet, inout standard_metadata_t std) {
    apply {
    }
}

control hook_blackfoot_tick(inout headers_t hdr, inout packet_t packet, inout standard_metadata_t std) {
    apply {
    }
}
