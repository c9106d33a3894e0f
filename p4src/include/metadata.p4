// What the stages know of a packet and hand to each other.

#ifndef METADATA_P4
#define METADATA_P4

// The lookup tuple of the inner packet. Ports are 0 where there are none.
struct flow_t {
    addr_t  src;
    addr_t  dst;
    bit<8>  protocol;
    bit<16> src_port;
    bit<16> dst_port;
}

// Outer addresses: `src` of a packet that came in, `dst` of one that goes out.
struct tunnel_t {
    underlay_addr_t src;
    underlay_addr_t dst;
    bit<16>         entropy;
}

struct parsing_t {
    bit<8> words_left;      // of Geneve options
    bit<8> option_words;
    bit<1> unknown_critical;
}

struct metadata_t {
    drop_reason_t drop;
    origin_t      origin;
    bool          own_address; // the address sent from, or asked for, is the ENI's
    bool          answered;    // the router itself answers, to the port that the packet came from
    bool          local;       // the destination ENI is on this host, behind `local_port`
    port_t        local_port;
    mac_t         local_mac;
    vpc_t         vpc;
    eni_t         src_eni;
    eni_t         dst_eni;
    mac_t         eni_mac;
    route_table_t route_table;
    bit<16>       inner_type;
    bit<16>       inner_length;
    flow_t        flow;
    tunnel_t      tunnel;
    parsing_t     parsing;
}

// What travels with a packet: the router's own metadata, and each plugin's.
struct packet_t {
    metadata_t meta;
    plugins_t  plugins;
}

// First reason wins.
void drop(inout metadata_t meta, in drop_reason_t reason) {
    if (meta.drop == drop_reason_t.NONE) {
        meta.drop = reason;
    }
}

#endif
