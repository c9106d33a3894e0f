// One of each thing that P4Runtime can name; the tests of the server run on it. The JSON (without source_info) and the
// P4Info beside this file are what p4c 1.2.5 makes of it.
#include <core.p4>
#define V1MODEL_VERSION 20200408
#include <v1model.p4>

@controller_header("packet_in")
header packet_in_t {
    bit<9> ingress_port;
    bit<7> reason;
}

@controller_header("packet_out")
header packet_out_t {
    bit<9> egress_port;
    @padding bit<7> pad;
}

header ethernet_t {
    bit<48> dst;
    bit<48> src;
    bit<16> type;
}

header ipv4_t {
    bit<4>  version;
    bit<4>  ihl;
    bit<8>  tos;
    bit<16> len;
    bit<16> id;
    bit<3>  flags;
    bit<13> offset;
    bit<8>  ttl;
    bit<8>  proto;
    bit<16> checksum;
    bit<32> src;
    bit<32> dst;
}

@p4runtime_translation("p4vpc.test/tenant", string)
type bit<16> tenant_t;
@p4runtime_translation("p4vpc.test/zone", 32)
type bit<12> zone_t;

struct headers_t {
    packet_in_t  packet_in;
    packet_out_t packet_out;
    ethernet_t   ethernet;
    ipv4_t       ipv4;
}

struct meta_t {
    tenant_t tenant;
    zone_t   zone;
    bit<2>   color;
    bit<32>  cell;
}

struct learn_t {
    bit<48> mac;
    bit<9>  port;
}

parser P(packet_in pkt, out headers_t h, inout meta_t m, inout standard_metadata_t sm) {
    @name(".tunnels") value_set<bit<16>>(4) tunnels;
    state start {
        transition select(sm.ingress_port) {
            510: from_cpu;
            default: ethernet;
        }
    }
    state from_cpu {
        pkt.extract(h.packet_out);
        transition ethernet;
    }
    state ethernet {
        pkt.extract(h.ethernet);
        transition select(h.ethernet.type) {
            0x0800: ipv4;
            tunnels: ipv4;
            default: accept;
        }
    }
    state ipv4 {
        pkt.extract(h.ipv4);
        transition accept;
    }
}

control I(inout headers_t h, inout meta_t m, inout standard_metadata_t sm) {
    @name(".port_counter") counter<bit<9>>(16, CounterType.packets_and_bytes) port_counter;
    @name(".punt_meter") meter<bit<9>>(8, MeterType.packets) punt_meter;
    @name(".cells") register<bit<48>, bit<32>>(32) cells;
    @name(".wide") register<bit<130>, bit<32>>(4) wide;
    @name(".route_hits") direct_counter(CounterType.packets_and_bytes) route_hits;
    @name(".acl_hits") direct_counter(CounterType.packets) acl_hits;
    @name(".port_rate") direct_meter<bit<2>>(MeterType.bytes) port_rate;
    @name(".hops") action_selector(HashAlgorithm.crc16, 32, 16) hops;
    @name(".profile") action_profile(4) profile;

    @name(".drop") action drop() { mark_to_drop(sm); }
    @name(".forward") action forward(@name("port") bit<9> port) { sm.egress_spec = port; }
    @name(".route_to") action route_to(@name("mac") bit<48> mac, @name("port") bit<9> port) {
        h.ethernet.dst = mac;
        sm.egress_spec = port;
    }
    @name(".flood") action flood(@name("group") bit<16> group) { sm.mcast_grp = group; }
    @name(".punt") action punt(@name("reason") bit<7> reason) {
        sm.egress_spec = 510;
        h.packet_in.setValid();
        h.packet_in.ingress_port = sm.ingress_port;
        h.packet_in.reason = reason;
    }
    @name(".learn") action learn() {
        digest<learn_t>(1, { h.ethernet.src, sm.ingress_port });
    }
    @name(".mirror") action mirror(@name("session") bit<32> session) { clone(CloneType.I2E, session); }
    @name(".set_tenant") action set_tenant(@name("tenant") tenant_t tenant, @name("zone") zone_t zone) {
        m.tenant = tenant;
        m.zone = zone;
    }
    @name(".meter_port") action meter_port() { port_rate.read(m.color); }

    @name(".smac") table smac {
        key = { h.ethernet.src : exact @name("mac"); }
        actions = { @tableonly NoAction; @defaultonly learn; }
        const default_action = learn;
        size = 1024;
    }
    @name(".ports") table ports {
        key = { sm.ingress_port : exact @name("port"); }
        actions = { meter_port; @defaultonly NoAction; }
        default_action = NoAction;
        size = 512;
        meters = port_rate;
    }
    @name(".route") table route {
        key = { h.ipv4.dst : lpm @name("dst"); }
        actions = { route_to; forward; flood; punt; drop; }
        default_action = drop;
        size = 65536;
        counters = route_hits;
    }
    @name(".host") table host {
        key = { h.ipv4.src : exact @name("src"); h.ipv4.dst : exact @name("dst"); h.ipv4.proto : exact @name("proto"); }
        actions = { forward; NoAction; }
        default_action = NoAction;
        size = 4;
        support_timeout = true;
    }
    @name(".acl") table acl {
        key = {
            h.ipv4.src     : ternary @name("src");
            h.ipv4.len     : range @name("len");
            h.ipv4.proto   : optional @name("proto");
            h.ipv4.isValid() : exact @name("is_ipv4");
        }
        actions = { drop; forward; mirror; punt; NoAction; }
        default_action = NoAction;
        size = 1024;
        counters = acl_hits;
        support_timeout = true;
    }
    @name(".fixed") table fixed {
        key = { h.ipv4.tos : exact @name("tos"); }
        actions = { forward; drop; NoAction; }
        const entries = {
            1 : forward(1);
            2 : drop();
        }
        const default_action = NoAction;
    }
    @name(".order") table order {
        key = { h.ipv4.ttl : ternary @name("ttl"); }
        actions = { forward; drop; NoAction; }
        const entries = {
            0x10 &&& 0xf0 : forward(1);
            _             : drop();
        }
    }
    @name(".ecmp") table ecmp {
        key = { h.ipv4.dst : lpm @name("dst"); h.ipv4.src : selector; h.ipv4.id : selector; }
        actions = { forward; drop; }
        implementation = hops;
        size = 1024;
    }
    @name(".indirect") table indirect {
        key = { h.ethernet.dst : exact @name("dst"); }
        actions = { forward; drop; }
        implementation = profile;
        size = 1024;
    }
    @name(".tenants") table tenants {
        key = { m.tenant : exact @name("tenant"); m.zone : exact @name("zone"); }
        actions = { set_tenant; NoAction; }
        default_action = NoAction;
        size = 1024;
    }

    apply {
        if (h.packet_out.isValid()) {
            sm.egress_spec = h.packet_out.egress_port;
            h.packet_out.setInvalid();
        } else {
            smac.apply();
            ports.apply();
            bit<48> old;
            cells.read(old, (bit<32>)sm.ingress_port);
            cells.write((bit<32>)sm.ingress_port, old + 1);
            bit<130> big;
            wide.read(big, 0);
            wide.write(0, big + 1);
            port_counter.count(sm.ingress_port);
            punt_meter.execute_meter(sm.ingress_port, m.color);
            indirect.apply();
            tenants.apply();
            if (h.ipv4.isValid()) {
                fixed.apply();
                order.apply();
                route.apply();
                ecmp.apply();
                host.apply();
            }
            acl.apply();
        }
    }
}

control E(inout headers_t h, inout meta_t m, inout standard_metadata_t sm) {
    apply {
        if (sm.egress_port == 510 && !h.packet_in.isValid()) {
            h.packet_in.setValid();
            h.packet_in.ingress_port = sm.ingress_port;
            h.packet_in.reason = 0x7f;
        }
    }
}

control V(inout headers_t h, inout meta_t m) { apply { } }
control C(inout headers_t h, inout meta_t m) { apply { } }
control D(packet_out pkt, in headers_t h) { apply { pkt.emit(h); } }

V1Switch(P(), V(), I(), E(), C(), D()) main;
