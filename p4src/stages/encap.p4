// Wraps a packet for another physical host and picks the way there. What came from the underlay and goes back to it has one
// hop less left. The router's own question to the mapping service gets the same outer headers without Geneve.
//
//   host --longest prefix--> port, next hop       miss --> NO_UNDERLAY_ROUTE
//
//   Ethernet | IPv4 | UDP 6081 | Geneve, VNI = VPC | ENI option | [SERVICE option] | inner IP ...
//
// Reads meta.tunnel.dst, meta.vpc, meta.src_eni, meta.dst_eni, meta.service, meta.flow. Writes the outer headers.
const bit<16> TUNNEL_BYTES   = 28;       // Geneve, ENI option, UDP
const bit<16> SERVICE_BYTES  = 16;       // SERVICE option
const bit<16> ENTROPY_FIRST  = 0xc000;   // source ports 49152 to 65535
const bit<64> SPREAD_1       = 0x9e3779b97f4a7c15;
const bit<64> SPREAD_2       = 0xbf58476d1ce4e5b9;

control encap(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    direct_counter(CounterType.packets_and_bytes) hits;
    bit<16> length = meta.inner_length + TUNNEL_BYTES;   // of the UDP datagram
    bit<16> src_port = MAPPING_PORT;
    bit<16> dst_port = MAPPING_PORT;

    action to_underlay(port_t port, underlay_addr_t src, mac_t src_mac, mac_t dst_mac) {
        std.egress_spec = port;
        hdr.ethernet = { dst_mac, src_mac, TYPE_IPV4 };
        hdr.underlay.setValid();
        hdr.underlay = { 4, 5, 0, length + 20, 0, 2, 0, meta.tunnel.ttl, PROTOCOL_UDP, 0, src, meta.tunnel.dst };
        hdr.tunnel.setValid();
        hdr.tunnel = { src_port, dst_port, length, 0 };
        hits.count();
    }

    action wrap() {
        hdr.geneve.setValid();
        hdr.geneve = { 0, 3, 0, 1, 0, meta.inner_type, meta.vpc, 0 };
        hdr.option_eni.setValid();
        hdr.option_eni = { OPTION_CLASS, OPTION_ENI, 0, OPTION_ENI_WORDS, meta.src_eni, meta.dst_eni };
    }

    action wrap_service() {
        hdr.geneve.option_words = 7;
        hdr.option_service.setValid();
        hdr.option_service = { OPTION_CLASS, OPTION_SERVICE, 0, OPTION_SERVICE_WORDS, meta.service.resource,
                               meta.service.bucket, meta.service.flags, meta.service.epoch };
    }

    // Two multiplications mix better than a CRC, and cost less.
    action spread_flow() {
        bit<64> mixed = (meta.flow.src[63:0] ^ (meta.flow.src[127:64] << 1)) * SPREAD_1;
        mixed = mixed ^ meta.flow.dst[63:0] ^ (meta.flow.dst[127:64] << 1) ^ (mixed >> 32);
        mixed = (mixed ^ (meta.flow.src_port ++ meta.flow.dst_port ++ 24w0 ++ meta.flow.protocol)) * SPREAD_2;
        meta.tunnel.entropy = 2w0 ++ mixed[61:48];
    }

    action no_underlay_route() {
        drop(meta, drop_reason_t.NO_UNDERLAY_ROUTE);
        hits.count();
    }

    @name(".underlay_route")
    table underlay_route {
        key = {
            meta.tunnel.dst : lpm @name("host");
        }
        actions = { to_underlay; no_underlay_route; }
        const default_action = no_underlay_route();
        size = UNDERLAY_ROUTES;
        counters = hits;
    }

    apply {
        if (meta.drop != drop_reason_t.NONE || meta.answered) {
            return;
        }
        if (meta.origin == origin_t.ROUTER) {
            meta.tunnel.ttl = TUNNEL_TTL;
            length = (bit<16>)MAPPING_MESSAGE_BYTES + 8;
        } else {
            spread_flow();
            src_port = ENTROPY_FIRST | meta.tunnel.entropy;
            dst_port = GENEVE_PORT;
        }
        if (meta.origin == origin_t.UNDERLAY) {
            if (meta.tunnel.ttl <= 1) {
                drop(meta, drop_reason_t.HOP_LIMIT);
                return;
            }
            meta.tunnel.ttl = meta.tunnel.ttl - 1;
        }
        if (meta.service.valid) {
            length = length + SERVICE_BYTES;
        }
        if (underlay_route.apply().hit && meta.origin != origin_t.ROUTER) {
            wrap();
            if (meta.service.valid) {
                wrap_service();
            }
        }
    }
}
