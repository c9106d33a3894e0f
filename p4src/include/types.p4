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
typedef bit<32>  next_hop_t;        // a set of devices that share a kind of traffic
typedef bit<32>  resource_t;        // a Hyperplane resource

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
    ROUTER   = 2,   // this router itself, in a second pass
    OUTSIDE  = 3,   // an edge's port to another network
    CONTROL  = 4,   // the controller, through the CPU port
    TICK     = 5
}

// What a route leads to.
enum bit<8> target_kind_t {
    LOCAL     = 0,   // the ENI that has the destination address
    INTERFACE = 1,   // one ENI, whatever the destination address is
    PEER      = 2,   // the ENI that has the destination address in a peered VPC
    NEXT_HOP  = 3,   // one of several devices, such as the edges
    SERVICE   = 4    // the Hyperplane node that owns the flow's bucket
}

// What the router answers on its own account. Such an answer is made in a second pass, because the parser then has to read
// the packet as a quotation.
enum bit<8> reply_t {
    NONE            = 0,
    TOO_BIG         = 1,   // ICMP 3/4 (RFC 1191), ICMPv6 type 2 (RFC 4443)
    MAPPING_REQUEST = 2,   // a question to the mapping service, made from a copy
    TIME_EXCEEDED   = 3    // ICMP 11/0, ICMPv6 type 3
}

// How an ENI's flows are tracked.
enum bit<8> tracking_t {
    OFF    = 0,
    STRICT = 1,   // a TCP flow begins with a SYN
    LOOSE  = 2    // a TCP flow may be picked up in its middle
}

// What tracking says of a packet.
enum bit<8> track_verdict_t {
    NONE        = 0,   // not looked at: no IP, or the ENI's tracking is off
    NEW         = 1,   // no record: the packet would begin a flow, or belongs to none
    ESTABLISHED = 2,   // of a recorded flow, either direction
    RELATED     = 3,   // an ICMP error about a recorded flow
    IGNORE      = 4,   // of a recorded flow, but out of its window: passes, changes nothing
    INVALID     = 5,   // contradicts the record, or itself: dropped
    FRAGMENT    = 6,   // a later fragment of an admitted datagram
    UNTRACKED   = 7    // of a kind that has no flows, such as neighbour discovery
}

// Whether an IP packet is a piece of a datagram.
enum bit<8> fragment_t {
    NONE  = 0,
    FIRST = 1,   // has the ports
    LATER = 2
}

// Where a flow stands. TCP's are those of Linux.
enum bit<8> flow_state_t {
    NONE        = 0,
    SYN_SENT    = 1,
    SYN_RECV    = 2,
    ESTABLISHED = 3,
    FIN_WAIT    = 4,
    CLOSE_WAIT  = 5,
    LAST_ACK    = 6,
    TIME_WAIT   = 7,
    CLOSE       = 8,
    SYN_SENT2   = 9,    // both ends have sent a SYN
    UDP_SINGLE  = 10,
    UDP_STREAM  = 11,   // both ways, for more than two seconds
    ICMP        = 12,
    OTHER       = 13,
    FRAGMENTS   = 14    // not a flow: a datagram of which fragments are on their way
}

// What became of records; cells of the counter `flow_events`.
enum bit<8> flow_event_t {
    CREATED   = 0,
    PICKED_UP = 1,   // created from the middle of a TCP flow
    REOPENED  = 2,   // created in the place of its closed predecessor
    ENDED     = 3,   // removed by the packet that ended the flow
    RECLAIMED = 4,   // expired, and gave way to another
    AGED      = 5,   // expired, and was swept
    DELETED   = 6,   // by a control packet, or by a plugin that refused the flow anew
    IMPORTED  = 7
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
    INVALID_FLOW         = 24,   // contradicts its flow's record, or is of no flow and may not begin one
    FLOW_TABLE_FULL      = 25,   // both buckets of the flow are full
    FLOW_LIMIT           = 26,   // the ENI has as many flows as it may
    FRAGMENT_UNKNOWN     = 27,   // a fragment whose datagram's first one has not been admitted
    BAD_CONTROL          = 28,   // a control packet that asks for nothing there is
    NOT_PEERED           = 40,   // the source address is not of the VPC that is peered with the destination's
    SOURCE_DEST_CHECK    = 41,   // the route leads to an ENI that takes only packets for its own addresses
    NO_NEXT_HOP          = 42,   // no device behind the route's target
    NO_BUCKET            = 43,   // no node owns the flow's bucket
    NO_GATEWAY           = 44,   // an edge: no gateway of the VPC has this number, or takes the packet
    NO_PUBLIC_ADDRESS    = 45,   // an edge: from outside, for an address that no VPC has
    GENEVE_FROM_OUTSIDE  = 46,   // an edge: from outside, for the tunnel
    NO_OUTSIDE_ROUTE     = 47,   // an edge: no way to the destination in the other network
    TIME_EXCEEDED        = 48,   // an edge: the last hop, and the answer is not due or over its rate
    FOREIGN_QUOTE        = 49,   // an ICMP error about a packet of another address than the one it comes from or goes to
    NOT_FOR_ROUTER       = 50,   // an edge: a frame from outside for another MAC, or a packet for the edge itself
    MARTIAN              = 51,   // an edge: from outside, with a source address that belongs inside or nowhere
#include <plugin_drop_reasons.p4>
    LAST                 = 255
}

#endif
