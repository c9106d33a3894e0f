// What flow tracking knows of a packet. Plugins read and write `meta.track` alone (docs/flows.md).

#ifndef FLOW_META_P4
#define FLOW_META_P4

// What plugins see. Perspective: of one ENI, which the packet leaves or enters.
struct track_meta_t {
    track_verdict_t verdict;
    bool    outbound;      // the packet leaves the ENI; else it enters
    bool    reply;         // it goes against the direction of the flow's first packet
    bool    midstream;     // NEW, but such a packet may not begin a flow: dropped unless `untracked` or picked up
    eni_t   eni;
    addr_t  local;         // the ENI's own side, and the other one
    addr_t  remote;
    bit<16> local_port;    // ICMP: the identifier is the asking side's port, type and code the other's
    bit<16> remote_port;
    bit<16> mark;          // the record's; a plugin may set it
    bool    untracked;     // set by a plugin: keep no record of this flow
    bool    forget;        // set by a plugin: remove the record
}

// The IP datagram, as far as tracking needs it.
struct datagram_t {
    bit<16> length;        // of what is behind the IP headers, in this packet
    bit<32> id;
    bit<16> offset;        // of a fragment, in bytes
    bit<1>  more;
    bit<8>  next_header;   // while the parser walks IPv6 extension headers
    bit<16> headers;       // bytes of IP headers
    bit<16> room;          // bytes of the frame in front of the inner IP header
    bit<64> icmp;          // type, code, checksum, rest
}

// TCP options, as the parser found them: left-aligned, and how many bytes.
struct segment_t {
    bit<320> options;
    bit<8>   option_bytes;
}

// The packet that an ICMP error is about.
struct about_t {
    bool    known;
    addr_t  src;
    addr_t  dst;
    bit<8>  protocol;
    bit<16> src_port;
    bit<16> dst_port;
}

// How the ENI's flows are tracked, and for how many seconds.
struct flow_policy_t {
    tracking_t tracking;
    bit<32>  limit;          // flows that the ENI may have at a time
    bit<48>  pickup_until;   // by the switch's clock: until then TCP flows may be picked up in their middle
    bit<128> secret;         // keys the table's hash
    bit<32>  syn_sent;
    bit<32>  syn_recv;
    bit<32>  established;
    bit<32>  fin_wait;
    bit<32>  close_wait;
    bit<32>  last_ack;
    bit<32>  time_wait;
    bit<32>  close;
    bit<32>  retransmitting;
    bit<32>  unacknowledged;
    bit<32>  udp_single;
    bit<32>  udp_stream;
    bit<32>  icmp;
    bit<32>  other;
    bit<32>  fragments;
}

// Where in the table a record is, or may be put.
struct flow_slot_t {
    bit<80>  ends;      // the key but for its addresses
    bit<16>  tag;
    bit<32>  first;     // the two candidate buckets
    bit<32>  second;
    bit<32>  probe;     // index of the key's columns alone, so that an engine need not lay keys and state side by side
    bit<32>  way;       // index of the state's columns
    bit<32>  bucket;    // that `way` is in
    bit<1>   hit;
    bit<1>   room;      // missed, and `way` is where a record may be put
    bit<1>   used;      // what is there has expired, but is still counted
    port_t   port;      // of the ENI
    bit<32>  flow;      // of a fragment: the way of its flow's record
    bit<32>  log;       // index of the log's columns
}

// One side of a TCP flow: what it has sent and what it may send, after Guido van Rooij.
struct flow_side_t {
    bit<32> end;        // highest sequence number sent, and length
    bit<32> maxend;     // highest one that the other side allows
    bit<32> maxwin;     // largest window that it has offered; 0 = never seen
    bit<32> maxack;     // highest acknowledgement that it has sent
    bit<8>  scale;
    bit<8>  flags;
}

// A record's state while a packet is looked at. Sender and receiver are the packet's.
struct flow_state_meta_t {
    flow_state_t state;
    flow_side_t  sender;
    flow_side_t  receiver;
    bit<48> expiry;
    bit<48> since;            // UDP: when the flow began
    port_t  port;             // of the ENI; whom the record counts for
    bit<1>  first_outbound;   // direction of the flow's first packet
    bit<1>  seen_reply;
    bit<1>  assured;
    bit<1>  last_outbound;    // direction of the packet that `last_...` describes
    bit<8>  last_kind;
    bit<8>  last_flags;
    bit<8>  last_scale;
    bit<8>  retransmissions;
    bit<32> last_seq;
    bit<32> last_ack;
    bit<32> last_end;
    bit<16> last_window;
    bit<32> timeout;          // seconds until the record expires; 0 = leave the expiry as it is
    bit<1>  changed;          // the record is to be written
    bit<1>  ended;            // the record is to be removed
    bit<1>  reopened;         // a new flow in the place of a closed one
    bit<1>  pickable;         // the packet could begin a record in the middle of its flow
}

#endif
