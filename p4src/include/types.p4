// Names for the widths of things. Widths are bits.

#ifndef TYPES_P4
#define TYPES_P4

typedef bit<9>   port_t;
typedef bit<48>  mac_t;
typedef bit<128> addr_t;            // an IPv6 address, or an IPv4 address as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2)
typedef bit<32>  underlay_addr_t;   // IPv4 address of a physical host
typedef bit<24>  vpc_t;             // VPC number, on the wire the Geneve VNI
typedef bit<32>  eni_t;             // ENI number; 0 = not known
typedef bit<32>  route_table_t;

const bit<96> IPV4_MAPPED = 96w0xffff;
const mac_t   ROUTER_MAC  = 0x02_76_70_63_00_01;   // every router's, towards its instances

// Ports 1 to 15 face the underlay, all others an ENI. The parser needs to know before any table is looked up: Geneve is
// only Geneve when it comes from the underlay, to an instance it is a payload like any other.
const port_t UNDERLAY_PORTS     = 0;
const port_t UNDERLAY_PORT_MASK = 0x1f0;

const bit<16> INSTANCE_MTU = 9001;   // bytes of an inner packet inside a VPC

enum bit<8> origin_t {
    UNDERLAY = 0,
    ENI      = 1,
    ROUTER   = 2    // this router itself, in a second pass
}

// What the router answers on its own account. Such an answer is made in a second pass, because the parser then has to read
// the packet as a quotation.
enum bit<8> reply_t {
    NONE            = 0,
    TOO_BIG         = 1,   // ICMP 3/4 (RFC 1191), ICMPv6 type 2 (RFC 4443)
    MAPPING_REQUEST = 2    // a question to the mapping service, made from a copy
}

// What becomes of an address of a VPC that this router has no mapping for.
enum bit<8> miss_policy_t {
    PRELOAD   = 0,   // the router has all mappings: drop
    ON_DEMAND = 1,   // ask the mapping service; a gateway carries the packet meanwhile
    GATEWAY   = 2,   // a gateway carries the packet
    SERVE     = 3    // this router is a gateway of the VPC: it has all mappings and carries packets for others
}

// What the mapping cache did; cells of the counter `mapping_cache`.
enum bit<8> cache_event_t {
    HIT      = 0,
    NEGATIVE = 1,   // known: nobody has the address
    MISS     = 2,
    LEARNED  = 3,   // a new record
    UPDATED  = 4,   // the record was there already
    EVICTED  = 5,   // a new record in the place of one that was still valid
    STALE    = 6    // an answer older than the record
}

// Why a packet was dropped. First reason wins; each has a cell of its own in the counter `drops`. Plugins have cells 64
// to 254.
enum bit<8> drop_reason_t {
    NONE                 = 0,
    MALFORMED            = 1,    // headers cut short or inconsistent
    BAD_CHECKSUM         = 2,    // outer IPv4 header checksum wrong
    UNKNOWN_PORT         = 3,    // no ENI behind this port
    SPOOFED_MAC          = 4,    // source MAC is not the ENI's
    SPOOFED_ADDRESS      = 5,    // source address is not the ENI's
    NOT_IP               = 6,    // neither IP nor something the router answers
    NO_ROUTE             = 7,    // no route in the ENI's route table
    BLACKHOLE            = 8,    // a route says so
    NO_MAPPING           = 9,    // (VPC, address) belongs to no ENI
    NO_UNDERLAY_ROUTE    = 10,   // no way to that physical host
    NOT_GENEVE           = 11,   // from the underlay, but not for the tunnel
    NOT_THIS_HOST        = 12,   // outer destination is another host
    UNKNOWN_OPTION       = 13,   // critical Geneve option that this router does not know (RFC 8926, 3.5)
    UNTRUSTED_SOURCE     = 14,   // the outer source does not host the source ENI
    NOT_HERE             = 15,   // the destination ENI is not on this host
    NOT_ANSWERED         = 16,   // ARP or neighbour discovery that asks for nothing this router answers
    TOO_BIG              = 17,   // longer than the way allows, and the answer is not due or over its rate
    SOURCE_UNKNOWN       = 18,   // who hosts the source is being asked
    MAPPING_PENDING      = 19,   // where the destination is is being asked, and no gateway carries the packet meanwhile
    MISS_RATE            = 20,   // the same, but it may not be asked yet
    UNKNOWN_SERVER       = 21,   // a message of the mapping protocol that is not from a mapping server
    BAD_MESSAGE          = 22,   // not an answer, or for a VPC that this router does not ask about
    HOP_LIMIT            = 23,   // passed on from host to host too often
#include <plugin_drop_reasons.p4>
    LAST                 = 255
}

#endif
