// The headers of a packet in the vrouter, in the order in which they leave: outermost first.

#ifndef VROUTER_HEADERS_P4
#define VROUTER_HEADERS_P4

#include "flow_packets.p4"

struct headers_t {
    packet_in_t       packet_in;
    packet_out_t      packet_out;
    ethernet_t        ethernet;
    ipv4_t            underlay;
    udp_t             tunnel;
    mapping_message_t message;
    geneve_t          geneve;
    option_eni_t      option_eni;
    option_service_t  option_service;
    option_other_t[4] option_other;
    ipv4_t            reply_ipv4;
    ipv6_t            reply_ipv6;
    icmp_error_t      reply_error;
    arp_t             arp;
    ipv4_t            ipv4;
    ipv4_options_t    ipv4_options;
    ipv6_t            ipv6;
    extension_t[4]    extensions;
    neighbor_t        neighbor;
    link_address_t    link_address;
    quote_ipv4_t      quote_ipv4;
    quote_ipv6_t      quote_ipv6;
    tcp_t             tcp;
    udp_t             udp;
#include <plugin_headers.p4>
}

#endif
