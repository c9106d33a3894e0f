// The numbers are tests/oracle/verdicts.py's. A packet that is dropped later carries them nowhere.

void probe_mark(inout headers_t hdr, in metadata_t meta) {
    bit<6> mark = 0;
    if (meta.track.verdict == track_verdict_t.UNTRACKED) {
        mark = 2;
    } else if (meta.track.verdict == track_verdict_t.RELATED) {
        mark = 3;
    } else if (meta.track.verdict == track_verdict_t.NEW) {
        mark = 4;
    } else if (meta.track.verdict == track_verdict_t.ESTABLISHED || meta.track.verdict == track_verdict_t.IGNORE) {
        mark = meta.track.reply ? 6w6 : 5;
    } else if (meta.track.verdict == track_verdict_t.FRAGMENT) {
        mark = 7;
    }
    if (hdr.ipv4.isValid()) {
        hdr.ipv4.tos = mark ++ 2w0;
    }
    if (hdr.ipv6.isValid()) {
        hdr.ipv6.traffic_class = mark ++ 2w0;
    }
}

control probe_from_eni(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    apply {
        probe_mark(hdr, meta);
    }
}

control probe_to_eni(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    apply {
        probe_mark(hdr, meta);
    }
}
