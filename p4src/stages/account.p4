// Every packet is accounted for: received + generated = sent + dropped + consumed, each by its own counter cells.
//
// Reads meta.drop, meta.consumed and the ports. The only place where a packet is dropped.
control receive_account(inout metadata_t meta, inout standard_metadata_t std) {
    @name(".received")
    counter(PORTS, CounterType.packets_and_bytes) received;

    apply {
        if (!meta.quoted) {
            received.count((bit<32>)std.ingress_port);
        }
    }
}

control drop_account(inout metadata_t meta, inout standard_metadata_t std) {
    @name(".drops")
    counter(DROP_REASONS, CounterType.packets_and_bytes) drops;

    // The same by the port that the packet came from or was for: port << 8 | reason.
    @name(".port_drops")
    counter(PORTS * DROP_REASONS, CounterType.packets_and_bytes) port_drops;

    @name(".consumed")
    counter(PORTS, CounterType.packets_and_bytes) consumed;

    apply {
        if (meta.drop != drop_reason_t.NONE) {
            drops.count((bit<32>)(bit<8>)meta.drop);
            port_drops.count(15w0 ++ concerned_port(meta) ++ (bit<8>)meta.drop);
        } else if (meta.consumed) {
            consumed.count((bit<32>)meta.port);
        }
        if (meta.drop != drop_reason_t.NONE || meta.consumed) {
            mark_to_drop(std);
        }
    }
}

// Whether a packet in egress starts its second pass: one that is answered itself, or the copy that becomes a question.
bool goes_round(in metadata_t meta, in standard_metadata_t std) {
    return !meta.quoted && (meta.reply.kind == reply_t.TOO_BIG || meta.reply.kind == reply_t.TIME_EXCEEDED
        || (meta.reply.kind == reply_t.MAPPING_REQUEST && std.instance_type == COPIED));
}

control send_account(inout metadata_t meta, inout standard_metadata_t std) {
    @name(".sent")
    counter(PORTS, CounterType.packets_and_bytes) sent;

    apply {
        if (!goes_round(meta, std)) {
            sent.count((bit<32>)std.egress_port);
        }
    }
}
