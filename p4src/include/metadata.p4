// What the stages know of a packet and hand to each other.

#ifndef METADATA_P4
#define METADATA_P4

const bit<8> REPLY_FIELDS   = 1;   // field lists that a second pass keeps
const bit<8> REQUEST_FIELDS = 2;

// The lookup tuple of the inner packet. Ports are 0 where there are none.
struct flow_t {
    addr_t     src;
    addr_t     dst;
    bit<8>     protocol;
    bit<16>    src_port;
    bit<16>    dst_port;
    bit<8>     icmp_type;
    bit<8>     icmp_code;
    bit<8>     tcp_flags;
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
    bit<16> extension_bytes;
}

// An answer to be made in a second pass: what, to which port, and the MTU to tell.
struct reply_meta_t {
    reply_t kind;
    port_t  port;
    bit<16> mtu;
}

// A question for the mapping service.
struct request_t {
    underlay_addr_t service;
    vpc_t           vpc;
    addr_t          address;
    addr_t          source;
    eni_t           eni;
}

// Where the route leads. `address` is what is looked up in the mappings.
struct target_meta_t {
    target_kind_t   kind;
    addr_t     address;
    eni_t      eni;
    next_hop_t next_hop;
    resource_t resource;
}

// A Hyperplane resource and the flow's bucket, for the SERVICE option.
struct service_meta_t {
    bool       valid;
    resource_t resource;
    bit<16>    bucket;
    bit<16>    flags;
    bit<32>    epoch;
}

// What is known of (VPC, address): of a packet's destination on its way out, of its source on its way in.
struct mapping_meta_t {
    miss_policy_t   policy;
    bit<64>         secret;     // keys the cache's hash
    underlay_addr_t service;
    underlay_addr_t gateway;
    vpc_t           vpc;        // whose address it is
    bool            relay;      // came from another host, for this one to map as the VPC's gateway
    bool            known;      // a table knows the destination
    bool            trusted;    // a table knows the source
    bool            found;      // the cache has it: the fields below are set
    underlay_addr_t host;
    underlay_addr_t other;
    eni_t           eni;
    bool            ending;     // its lifetime ends soon
    addr_t          address;
    bool            ask;        // the mapping service is to be asked about `address`
}

#include "flow_meta.p4"

struct metadata_t {
    drop_reason_t drop;
    origin_t      origin;
    port_t        port;        // where the packet came from, in a second pass too
    bit<16>       mtu;
    bool          own_address; // the address sent from, or asked for, is the ENI's
    bool          answered;    // the router itself answers, to the port that the packet came from, or keeps the packet
    bool          consumed;    // the packet was for the router and goes nowhere
    bool          quoted;      // this is the second pass
    bool          local;       // the destination ENI is on this host, behind `local_port`
    port_t        local_port;
    mac_t         local_mac;
    vpc_t         vpc;         // of the destination; where a packet comes in, also of the source unless they are peers
    vpc_t         src_vpc;
    eni_t         src_eni;
    eni_t         dst_eni;
    mac_t         eni_mac;
    route_table_t route_table;
    bit<32>       router;      // the router's own addresses in the ENI's subnet
    addr_t        router_ipv6;
    bit<16>       inner_type;
    bit<16>       inner_length;
    flow_t        flow;
    datagram_t    datagram;
    segment_t     segment;
    about_t       about;
    track_meta_t  track;
    flow_policy_t policy;
    flow_slot_t   slot;
    flow_state_meta_t state;
    tunnel_t      tunnel;
    parsing_t     parsing;
    target_meta_t target;
    service_meta_t service;
    mapping_meta_t mapping;
    @field_list(REPLY_FIELDS, REQUEST_FIELDS)
    reply_meta_t  reply;
    @field_list(REQUEST_FIELDS)
    request_t     request;
}

// What travels with a packet: the router's own metadata, and each plugin's.
struct packet_t {
    metadata_t meta;
    plugins_t  plugins;
}

// Whose port it is about when a packet is dropped: the destination's where it is known to be here, else where it came in.
port_t concerned_port(in metadata_t meta) {
    return meta.local ? meta.local_port : meta.port;
}

// First reason wins.
void drop(inout metadata_t meta, in drop_reason_t reason) {
    if (meta.drop == drop_reason_t.NONE) {
        meta.drop = reason;
    }
}

#endif
