parser beacon_ip(packet_in bytes, inout headers_t hdr, inout beacon_t own) {
    state start {
        bytes.extract(hdr.beacon);
        own.number = hdr.beacon.number;
        transition accept;
    }
}

parser beacon_udp(packet_in bytes, inout headers_t hdr, inout beacon_t own) {
    state start {
        bytes.extract(hdr.beacon);
        own.number = hdr.beacon.number;
        transition accept;
    }
}
