// What the mapping service has answered: (VPC, address) -> host and ENI, for a lifetime.
//
//   hash(secret, vpc, address) --> two buckets of four ways; in a way: tag 16 | expiry 48 | the record
//
// A record that is in use is asked for again shortly before its lifetime ends; one that is not ends, and makes room. A new
// record takes the way that ends first in the emptier bucket. The hash is keyed and not linear, so that no tenant can aim
// at a bucket; the whole key is stored and compared. Answers never replace newer ones.
//
// Reads meta.mapping.vpc, meta.target, meta.flow, hdr.message. Writes meta.mapping, the registers.
const bit<48> REFRESH_AHEAD = 2000000;   // microseconds before its end that a record is asked for again
const bit<64> MIX_1 = 0x9e3779b97f4a7c15;
const bit<64> MIX_2 = 0xbf58476d1ce4e5b9;
const bit<64> MIX_3 = 0x94d049bb133111eb;

control mapping_cache(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    @name(".mapping_cache")
    counter(16, CounterType.packets_and_bytes) events;
    register<bit<64>>(MAPPING_CACHE_BUCKETS) tags;
    register<bit<48>>(MAPPING_CACHE_WAYS) expiries;
    register<bit<280>>(MAPPING_CACHE_WAYS) records;   // vpc 24, address 128, host 32, other 32, eni 32, version 32

    bit<32> first = 0;
    bit<32> second = 0;
    bit<16> tag = 0;
    bit<48> now = std.ingress_global_timestamp;
    cache_event_t event = cache_event_t.MISS;

    action place() {
        bit<64> mixed = (meta.mapping.address[63:0] ^ meta.mapping.secret) * MIX_1;
        mixed = mixed ^ (mixed >> 32);
        mixed = (mixed ^ meta.mapping.address[127:64] ^ (meta.mapping.vpc ++ 40w0)) * MIX_2;
        mixed = mixed ^ (mixed >> 29);
        mixed = (mixed ^ (meta.mapping.secret >> 17)) * MIX_3;
        first = (bit<32>)mixed[61:32] & (MAPPING_CACHE_BUCKETS - 1);
        second = (bit<32>)mixed[31:2] & (MAPPING_CACHE_BUCKETS - 1);
        tag = mixed[63:48] | 1;
    }

    action look_up() {
        bit<64> lane;
        bit<64> lanes;
        tags.read(lanes, first);
        tags.read(lane, second);
        bit<32> way = first << 2;
        bit<32> end = way + 4;
        bit<1> rest = 1;
        for (bit<8> turn = 0; turn < 8; turn = turn + 1) {
            if (lanes[15:0] == tag) {
                bit<280> record;
                bit<48> expiry;
                records.read(record, way);
                expiries.read(expiry, way);
                if (record[279:256] == meta.mapping.vpc && record[255:128] == meta.mapping.address && expiry > now) {
                    meta.mapping.found = true;
                    meta.mapping.host = record[127:96];
                    meta.mapping.other = record[95:64];
                    meta.mapping.eni = record[63:32];
                    meta.mapping.ending = expiry - now < REFRESH_AHEAD && record[127:96] != 0;
                    event = record[127:96] == 0 ? cache_event_t.NEGATIVE : cache_event_t.HIT;
                }
            }
            lanes = lanes >> 16;
            way = way + 1;
            if (way == end && rest == 1) {
                rest = 0;
                lanes = lane;
                way = second << 2;
            }
        }
    }

    action learn() {
        bit<64> lanes_first;
        bit<64> lanes_second;
        tags.read(lanes_first, first);
        tags.read(lanes_second, second);
        bit<64> left = lanes_first;
        bit<32> at = first << 2;
        bit<32> mine = 0;
        bit<1> held = 0;
        bit<32> version = 0;
        bit<48> ends = 0;
        bit<48> ends_first = 0xffffffffffff;
        bit<48> ends_second = 0xffffffffffff;
        bit<32> way_first = 0;
        bit<32> way_second = 0;
        bit<8> live_first = 0;
        bit<8> live_second = 0;
        for (bit<8> step = 0; step < 8; step = step + 1) {
            bit<280> found;
            bit<48> end_of;
            expiries.read(end_of, at);
            bit<8> live = end_of > now ? 8w1 : 0;
            if (left[15:0] == tag) {
                records.read(found, at);
                if (found[279:256] == meta.mapping.vpc && found[255:128] == meta.mapping.address) {
                    held = 1;
                    mine = at;
                    version = found[31:0];
                }
            }
            if (step < 4) {
                live_first = live_first + live;
                if (end_of < ends_first) {
                    ends_first = end_of;
                    way_first = at;
                }
            } else {
                live_second = live_second + live;
                if (end_of < ends_second) {
                    ends_second = end_of;
                    way_second = at;
                }
            }
            left = left >> 16;
            at = at + 1;
            if (step == 3) {
                left = lanes_second;
                at = second << 2;
            }
        }
        event = cache_event_t.UPDATED;
        if (held == 0) {
            mine = way_first;
            ends = ends_first;
            bit<32> bucket = first;
            bit<64> word = lanes_first;
            if (live_second < live_first) {
                mine = way_second;
                ends = ends_second;
                bucket = second;
                word = lanes_second;
            }
            event = ends > now ? cache_event_t.EVICTED : cache_event_t.LEARNED;
            bit<8> lane_at = (bit<8>)(mine & 3) << 4;
            tags.write(bucket, (word & ~(64w0xffff << lane_at)) | ((48w0 ++ tag) << lane_at));
        }
        if (held == 1 && hdr.message.version < version) {
            event = cache_event_t.STALE;
        } else {
            records.write(mine, meta.mapping.vpc ++ meta.mapping.address ++ hdr.message.host ++ hdr.message.other ++
                                hdr.message.eni ++ hdr.message.version);
            expiries.write(mine, now + (bit<48>)hdr.message.lifetime * 1000);
        }
    }

    apply {
        if (meta.drop != drop_reason_t.NONE || meta.answered || meta.mapping.policy != miss_policy_t.ON_DEMAND) {
            return;
        }
        if (hdr.message.isValid()) {
            meta.mapping.address = hdr.message.address;
        } else if (meta.origin == origin_t.ENI) {
            meta.mapping.address = meta.target.address;
        } else {
            meta.mapping.address = meta.flow.src;
        }
        place();
        if (hdr.message.isValid()) {
            learn();
        } else {
            look_up();
        }
        events.count((bit<32>)(bit<8>)event);
    }
}
