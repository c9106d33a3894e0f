// What the stages of an edge know of a packet and hand to each other. What the vrouter knows, too, has the same name.

#ifndef EDGE_METADATA_P4
#define EDGE_METADATA_P4

typedef bit<16> network_t;         // a network outside: the internet, and others that plugins bring

const bit<8> REPLY_FIELDS   = 1;   // field lists that a second pass keeps
const bit<8> REQUEST_FIELDS = 2;   // of the vrouter; an edge asks nobody

// The lookup tuple of the inner packet. Ports are 0 where there are none.
struct flow_t {
    addr_t     src;
    addr_t     dst;
    bit<8>     protocol;
    bit<16>    src_port;
    bit<16>    dst_port;
    fragment_t fragment;
}

// Outer addresses: `src` of a packet that came in, `dst` of one that goes out.
struct tunnel_t {
    underlay_addr_t src;
    underlay_addr_t dst;
    bit<8>          ttl;
    bit<16>         entropy;
}

struct parsing_t {
    bit<8> words_left;      // of Geneve options
    bit<8> option_words;
    bit<1> unknown_critical;
}

struct datagram_t {
    bit<16> room;      // bytes of the frame in front of the inner packet
    bit<16> length;    // of what follows the IP header
    bit<32> id;        // shared by a datagram's fragments
    bool    is_error;  // an ICMP error: nobody answers it with another
}

// An answer to be made in a second pass, and the way back to who gets it.
struct reply_meta_t {
    reply_t kind;
    port_t  port;
    bit<16> mtu;
}

struct back_t {
    underlay_addr_t host;      // 0: back to the port that the packet came from
    vpc_t           vpc;
    eni_t           eni;
    bit<32>         router;    // the edge's own addresses, from which it answers
    addr_t          router_ipv6;
}

struct mapping_meta_t {
    bool relay;
    bool trusted;    // the outer source hosts the source ENI
}

struct target_meta_t {
    target_kind_t kind;
    resource_t    resource;
}

// A Hyperplane resource and the flow's bucket, for the SERVICE option. `port` is what tells the bucket of a packet that comes
// back: its destination port, an echo's identifier, or what an ICMP error quotes.
struct service_meta_t {
    bool       valid;
    resource_t resource;
    bit<16>    bucket;
    bit<16>    flags;
    bit<32>    epoch;
    bit<16>    port;
}

// Between the two sides of an edge. A plugin claims a packet: outbound it says which network the packet goes to, inbound
// which VPC; and the address that takes the place of the source (outbound) or of the destination (inbound).
struct edge_meta_t {
    network_t network;      // 0 = nobody has claimed the packet
    bool      translates;
    addr_t    address;
    mac_t     mac;          // of the port that the packet came from
    bit<32>   own;          // the port's own addresses
    addr_t    own_ipv6;
    port_t    out_port;
    mac_t     out_mac;
    mac_t     next_hop;
}

struct metadata_t {
    drop_reason_t   drop;
    origin_t        origin;
    port_t          port;        // where the packet came from, in a second pass too
    bit<16>         mtu;
    bool            answered;    // the edge itself answers, or keeps the packet
    bool            consumed;
    bool            quoted;      // this is the second pass
    vpc_t           vpc;
    eni_t           src_eni;     // 0 = outside
    eni_t           dst_eni;     // outbound: the number of the gateway
    resource_kind_t kind;        // of the gateway
    bit<16>         inner_type;
    bit<16>         inner_length;
    flow_t          flow;
    datagram_t      datagram;
    tunnel_t        tunnel;
    parsing_t       parsing;
    mapping_meta_t  mapping;
    target_meta_t   target;
    service_meta_t  service;
    edge_meta_t     edge;
    @field_list(REPLY_FIELDS, REQUEST_FIELDS)
    reply_meta_t    reply;
    @field_list(REPLY_FIELDS)
    back_t          back;
}

// What travels with a packet: the edge's own metadata, and each plugin's.
struct packet_t {
    metadata_t meta;
    plugins_t  plugins;
}

// Whose port it is about when a packet is dropped: where it came in.
port_t concerned_port(in metadata_t meta) {
    return meta.port;
}

// First reason wins.
void drop(inout metadata_t meta, in drop_reason_t reason) {
    if (meta.drop == drop_reason_t.NONE) {
        meta.drop = reason;
    }
}

#endif
