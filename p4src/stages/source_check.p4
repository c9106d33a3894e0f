// Lets an instance send only from its own MAC and addresses.
//
//   (eni, source address) --hit--> go on       miss --> SPOOFED_ADDRESS
//
// Reads meta.src_eni, meta.flow, meta.eni_mac. Writes meta.drop.
control source_check(inout headers_t hdr, inout metadata_t meta) {
    direct_counter(CounterType.packets_and_bytes) hits;

    action genuine() {
        hits.count();
    }

    action spoofed() {
        drop(meta, drop_reason_t.SPOOFED_ADDRESS);
        hits.count();
    }

    @name(".eni_address")
    table eni_address {
        key = {
            meta.src_eni  : exact @name("eni");
            meta.flow.src : exact @name("address");
        }
        actions = { genuine; spoofed; }
        const default_action = spoofed();
        size = ENI_ADDRESSES;
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
        } else {
            eni_address.apply();
        }
    }
}
