control beacon_from_eni(inout headers_t hdr, inout metadata_t meta, inout beacon_t own, inout standard_metadata_t std) {
    apply {
        if (hdr.beacon.isValid() && own.number == 13) {
            drop(meta, drop_reason_t.BEACON_UNLUCKY);
        }
    }
}

// Marks a beacon that has arrived.
control beacon_to_eni(inout headers_t hdr, inout metadata_t meta, inout beacon_t own, inout standard_metadata_t std) {
    apply {
        if (hdr.beacon.isValid()) {
            hdr.beacon.passed = 0x600d;
        }
    }
}
