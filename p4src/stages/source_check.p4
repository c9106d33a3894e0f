// Lets an instance send only IP, and only from its own MAC and addresses; an ENI whose source/destination check is off, such
// as a middlebox's, may send from others' addresses too.
//
//   eni --hit--> off       miss --> SPOOFED_ADDRESS
//
// Reads meta.own_address, meta.eni_mac, the headers. Writes meta.drop.
control source_check(inout headers_t hdr, inout metadata_t meta) {
    direct_counter(CounterType.packets_and_bytes) hits;

    action off() {
        hits.count();
    }

    action on() {
        drop(meta, drop_reason_t.SPOOFED_ADDRESS);
        hits.count();
    }

    @name(".source_dest_check")
    table source_dest_check {
        key = {
            meta.src_eni : exact @name("eni");
        }
        actions = { off; on; }
        const default_action = on();
        size = LOCAL_ENIS;
        counters = hits;
    }

    apply {
        if (meta.drop != drop_reason_t.NONE || meta.answered) {
            return;
        }
        if (hdr.ethernet.src != meta.eni_mac) {
            drop(meta, drop_reason_t.SPOOFED_MAC);
        } else if (!hdr.ipv4.isValid() && !hdr.ipv6.isValid()) {
            drop(meta, drop_reason_t.NOT_IP);
        } else if (hdr.ipv6.isValid() && (mapped(hdr.ipv6.src) || mapped(hdr.ipv6.dst))) {
            drop(meta, drop_reason_t.NOT_IP);
        } else if (!meta.own_address) {
            source_dest_check.apply();
        }
    }
}
