// The headers of a packet at an edge, in the order in which they leave. Behind an ICMP error's header comes the beginning of
// the packet that it is about, whose addresses are translated, too.

#ifndef EDGE_HEADERS_P4
#define EDGE_HEADERS_P4

struct headers_t {
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
    neighbor_t        neighbor;
    link_address_t    link_address;
    quote_ipv4_t      quote_ipv4;
    quote_ipv6_t      quote_ipv6;
    tcp_t             tcp;
    udp_t             udp;
    icmp_t            icmp;
    ipv4_t            about_ipv4;
    tcp_t             about_tcp;
    udp_t             about_udp;
    icmp_t            about_icmp;
#include <plugin_headers.p4>
}

#endif
