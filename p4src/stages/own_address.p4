// Tells whether an address belongs to the ENI: the one that the instance sends from, or the one that it asks for by ARP or
// neighbour discovery.
//
//   (eni, address) --hit--> own       miss --> not own
//
// Reads meta.src_eni, meta.flow, hdr.arp, hdr.neighbor. Writes meta.own_address.
control own_address(inout headers_t hdr, inout metadata_t meta) {
    direct_counter(CounterType.packets_and_bytes) hits;
    addr_t address = meta.flow.src;

    action own() {
        meta.own_address = true;
        hits.count();
    }

    action not_own() {
        meta.own_address = false;
        hits.count();
    }

    @name(".eni_address")
    table eni_address {
        key = {
            meta.src_eni : exact @name("eni");
            address      : exact @name("address");
        }
        actions = { own; not_own; }
        const default_action = not_own();
        size = ENI_ADDRESSES;
        counters = hits;
    }

    apply {
        if (meta.drop != drop_reason_t.NONE) {
            return;
        }
        if (hdr.arp.isValid()) {
            address = IPV4_MAPPED ++ hdr.arp.target;
        } else if (hdr.neighbor.isValid()) {
            address = hdr.neighbor.target;
        }
        eni_address.apply();
    }
}
