// Every packet is accounted for: received = sent + dropped, each by its own counter cells.
//
// Reads meta.drop and the ports. The only place where a packet is dropped.
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

    apply {
        if (meta.drop != drop_reason_t.NONE) {
            drops.count((bit<32>)(bit<8>)meta.drop);
            mark_to_drop(std);
        }
    }
}

control send_account(inout metadata_t meta, inout standard_metadata_t std) {
    @name(".sent")
    counter(PORTS, CounterType.packets_and_bytes) sent;

    apply {
        if (meta.reply.kind == reply_t.NONE || meta.quoted) {
            sent.count((bit<32>)std.egress_port);
        }
    }
}
