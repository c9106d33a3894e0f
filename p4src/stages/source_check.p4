// Lets an instance send only IP, and only from its own MAC and addresses.
//
// Reads meta.own_address, meta.eni_mac, the headers. Writes meta.drop.
control source_check(inout headers_t hdr, inout metadata_t meta) {
    apply {
        if (meta.drop != drop_reason_t.NONE || meta.answered) {
            return;
        }
        if (hdr.ethernet.src != meta.eni_mac) {
            drop(meta, drop_reason_t.SPOOFED_MAC);
        } else if (!hdr.ipv4.isValid() && !hdr.ipv6.isValid()) {
            drop(meta, drop_reason_t.NOT_IP);
        } else if (!meta.own_address) {
            drop(meta, drop_reason_t.SPOOFED_ADDRESS);
        }
    }
}
