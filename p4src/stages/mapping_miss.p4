// The end of the search for a destination: takes what the cache has, or follows the VPC's miss policy; and sends the question
// that a miss, an unknown source or a lifetime near its end raises: a copy of the packet becomes a REQUEST in a second pass.
//
//   cache hit --> host, eni        cache says nobody --> NO_MAPPING
//   miss      --> on-demand: ask, and by the gateway meanwhile | by the gateway | NO_MAPPING
//
// Questions are limited: REQUESTS_BURST at once and one each REQUEST_INTERVAL, for an interface, and for all hosts whose
// address has the same hash.
//
// Reads meta.mapping, meta.origin, meta.flow. Writes meta.tunnel.dst, meta.dst_eni, meta.request, meta.reply, meta.drop.
const bit<48> REQUEST_INTERVAL = 10000;                 // microseconds
const bit<48> REQUESTS_AHEAD   = REQUEST_INTERVAL * 9;  // a burst of ten
const bit<32> REQUEST_SESSION  = 1;                     // clone session; its port does not matter, the copy goes round

control mapping_miss(inout metadata_t meta, inout standard_metadata_t std) {
    register<bit<48>>(REQUESTERS) next_request;   // when the next question would be due if they came evenly (GCRA)
    bit<32> requester = (bit<32>)meta.port;
    bool asked = false;

    action take() {
        meta.tunnel.dst = meta.mapping.host;
        meta.dst_eni = meta.mapping.eni;
        meta.mapping.ask = meta.mapping.ending;
    }

    action by_gateway() {
        meta.tunnel.dst = meta.mapping.gateway;
        meta.dst_eni = meta.target.eni;   // 0 unless the route names one: the gateway maps, too
    }

    action ask() {
        bit<48> due;
        next_request.read(due, requester);
        bit<48> now = std.ingress_global_timestamp;
        due = due > now ? due : now;
        if (due - now <= REQUESTS_AHEAD) {
            next_request.write(requester, due + REQUEST_INTERVAL);
            asked = true;
            meta.reply = { reply_t.MAPPING_REQUEST, meta.port, 0 };
            meta.request = { meta.mapping.service, meta.mapping.vpc, meta.mapping.address, meta.flow.src, meta.src_eni };
            clone_preserving_field_list(CloneType.I2E, REQUEST_SESSION, REQUEST_FIELDS);
        }
    }

    apply {
        if (meta.answered || meta.origin == origin_t.ROUTER || (meta.drop != drop_reason_t.NONE && !meta.mapping.ask)) {
            return;
        }
        bool looked_for = meta.origin == origin_t.ENI || meta.mapping.relay;
        bool missed = looked_for && !meta.mapping.known && !meta.mapping.found;
        if (missed) {
            meta.mapping.ask = meta.mapping.policy == miss_policy_t.ON_DEMAND;
        } else if (meta.origin == origin_t.ENI && meta.mapping.found) {
            if (meta.mapping.host == 0) {
                drop(meta, drop_reason_t.NO_MAPPING);
            } else {
                take();
            }
        }
        if (meta.mapping.ask) {
            if (meta.origin == origin_t.UNDERLAY) {
                hash(requester, HashAlgorithm.crc32, PORTS, { meta.mapping.secret, meta.tunnel.src }, PORTS);
            }
            ask();
        }
        if (missed) {
            if (meta.mapping.policy == miss_policy_t.PRELOAD || meta.mapping.policy == miss_policy_t.SERVE) {
                drop(meta, drop_reason_t.NO_MAPPING);
            } else if (meta.mapping.gateway != 0) {
                by_gateway();
            } else if (asked) {
                drop(meta, drop_reason_t.MAPPING_PENDING);
            } else {
                drop(meta, drop_reason_t.MISS_RATE);
            }
        }
    }
}

// The second pass of the copy: it becomes a question. What is behind it is cut off.
//
//   Ethernet | IPv4 | UDP 6082 | message
//
// Reads meta.request. Writes hdr.message, meta.tunnel.dst.
const bit<8>  MAPPING_REQUEST       = 1;

control mapping_request(inout headers_t hdr, inout metadata_t meta) {
    @name(".generated")
    counter(PORTS, CounterType.packets_and_bytes) generated;

    action ask() {
        meta.tunnel.dst = meta.request.service;
        hdr.message.setValid();
        hdr.message = { MAPPING_REQUEST, 0, 0, 0, 0, 0, meta.request.vpc, meta.request.address, meta.request.source, 0, 0,
                        meta.request.eni, 0 };
        truncate(14 + 20 + 8 + MAPPING_MESSAGE_BYTES);
    }

    apply {
        if (meta.drop != drop_reason_t.NONE || meta.origin != origin_t.ROUTER) {
            return;
        }
        ask();
        generated.count((bit<32>)meta.port);
    }
}
