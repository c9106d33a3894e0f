// Headers: what they look like on the wire.

#ifndef HEADERS_P4
#define HEADERS_P4

const bit<16> TYPE_IPV4 = 0x0800;
const bit<16> TYPE_ARP  = 0x0806;
const bit<16> TYPE_IPV6 = 0x86dd;
const bit<8>  PROTOCOL_ICMP = 1;
const bit<8>  PROTOCOL_TCP = 6;
const bit<8>  PROTOCOL_UDP = 17;
const bit<8>  PROTOCOL_ICMPV6 = 58;
const bit<16> GENEVE_PORT  = 6081;
const bit<16> MAPPING_PORT = 6082;
const bit<32> MAPPING_MESSAGE_BYTES = 64;

const bit<8>  NEIGHBOR_SOLICITATION  = 135;
const bit<8>  NEIGHBOR_ADVERTISEMENT = 136;
const bit<16> NEIGHBOR_BYTES         = 24;

const bit<16> OPTION_CLASS     = 0xff56;   // experimental range of RFC 8926, section 7
const bit<8>  OPTION_ENI       = 0x81;     // critical
const bit<5>  OPTION_ENI_WORDS = 2;        // words of data behind the option's own header
const bit<8>  OPTION_SERVICE   = 0x82;     // critical
const bit<5>  OPTION_SERVICE_WORDS = 3;

header ethernet_t {
    mac_t   dst;
    mac_t   src;
    bit<16> type;
}

header arp_t {
    bit<16> hardware;
    bit<16> protocol;
    bit<8>  hardware_length;
    bit<8>  protocol_length;
    bit<16> operation;
    mac_t   sender_mac;
    bit<32> sender;
    mac_t   target_mac;
    bit<32> target;
}

header ipv4_t {
    bit<4>  version;
    bit<4>  ihl;
    bit<8>  tos;
    bit<16> length;
    bit<16> id;
    bit<3>  flags;
    bit<13> fragment;
    bit<8>  ttl;
    bit<8>  protocol;
    bit<16> checksum;
    bit<32> src;
    bit<32> dst;
}

header ipv6_t {
    bit<4>  version;
    bit<8>  traffic_class;
    bit<20> flow_label;
    bit<16> payload_length;
    bit<8>  next_header;
    bit<8>  hop_limit;
    addr_t  src;
    addr_t  dst;
}

// Neighbour solicitation and advertisement (RFC 4861, 4.3 and 4.4).
header neighbor_t {
    bit<8>  type;
    bit<8>  code;
    bit<16> checksum;
    bit<32> flags;
    addr_t  target;
}

// Source or target link-layer address option (RFC 4861, 4.6.1).
header link_address_t {
    bit<8> type;
    bit<8> length;
    mac_t  mac;
}

// An ICMP or ICMPv6 error; `rest` ends in the MTU.
header icmp_error_t {
    bit<8>  type;
    bit<8>  code;
    bit<16> checksum;
    bit<32> rest;
}

// What an ICMP error quotes behind the IPv4 header (RFC 792: 64 bits).
header quote_ipv4_t {
    bit<64> data;
}

// What an ICMPv6 error quotes behind the IPv6 header: as much as fits 1280 bytes (RFC 4443, 3.2).
header quote_ipv6_t {
    varbit<9536> data;
}

header ipv4_options_t {
    varbit<320> data;
}

// An IPv6 extension header (RFC 8200, 4); of a fragment header `length` is reserved.
header extension_t {
    bit<8>       next_header;
    bit<8>       length;
    varbit<2048> data;
}

// TCP without its options, which stay payload.
header tcp_t {
    bit<16> src_port;
    bit<16> dst_port;
    bit<32> seq;
    bit<32> ack;
    bit<4>  offset;      // of the data, in words
    bit<4>  reserved;
    bit<8>  flags;       // CWR ECE URG ACK PSH RST SYN FIN
    bit<16> window;
    bit<16> checksum;
    bit<16> urgent;
}

header icmp_t {
    bit<8>  type;
    bit<8>  code;
    bit<16> checksum;
    bit<16> identifier;   // of an echo; in an error, part of what is not used or the MTU
    bit<16> rest;
}

header udp_t {
    bit<16> src_port;
    bit<16> dst_port;
    bit<16> length;
    bit<16> checksum;
}

header geneve_t {
    bit<2>  version;
    bit<6>  option_words;
    bit<1>  oam;
    bit<1>  critical;
    bit<6>  reserved;
    bit<16> protocol;
    vpc_t   vni;
    bit<8>  reserved2;
}

// Type 0x81: between which ENIs the inner packet travels. 12 bytes on the wire.
header option_eni_t {
    bit<16> class;
    bit<8>  type;
    bit<3>  reserved;
    bit<5>  words;
    eni_t   src;
    eni_t   dst;
}

// Type 0x82: the Hyperplane resource that the packet is for, and the bucket of its flow. 16 bytes on the wire.
header option_service_t {
    bit<16>    class;
    bit<8>     type;
    bit<3>     reserved;
    bit<5>     words;
    resource_t resource;
    bit<16>    bucket;
    bit<16>    flags;
    bit<32>    epoch;
}

// The mapping protocol (docs/mapping.md): a question, an answer or a change, a confirmation. 64 bytes on the wire.
header mapping_message_t {
    bit<8>          type;
    bit<8>          flags;
    bit<16>         reserved;
    bit<32>         lifetime;   // milliseconds that the answer holds
    bit<32>         sequence;   // of an answer; its confirmation has the same
    bit<8>          reserved2;
    vpc_t           vpc;
    addr_t          address;    // what is asked about
    addr_t          source;     // a question's: who wants to send there
    underlay_addr_t host;       // an answer's: where the address is, 0 = nowhere
    underlay_addr_t other;      // a second host that may send from the address, while it moves; 0 = none
    eni_t           eni;
    bit<32>         version;    // of the mapping; never goes back
}

// Any other option. Read to get past it, never sent on.
header option_other_t {
    bit<16>     class;
    bit<8>      type;
    bit<3>      reserved;
    bit<5>      words;
    varbit<992> data;
}

// Whether an IPv6 address is an IPv4 one in disguise. In an IPv6 packet it would be taken for an IPv4 one (RFC 4291, 2.5.5.2); on a wire it means nothing.
bool mapped(in addr_t address) {
    return address[127:32] == IPV4_MAPPED;
}

#endif
