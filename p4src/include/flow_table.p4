// The flow table's registers, and how a key finds its place in them.
//
//   hash(secret, key) --> two buckets of four ways; in a bucket, for each way: tag 16 | sweep time 16
//
// A way's tag is 0 while it is free. Its sweep time is when the record may be swept, rounded up to FLOW_UNIT: what is later
// than that has expired for certain; the exact expiry is in the record. The whole key is stored and compared. A new record
// goes to the emptier bucket. The hash multiplies parts of the key, each blinded with a part of the secret, into 128 bits
// and folds those: which keys meet in a bucket cannot be told without the secret.

#ifndef FLOW_TABLE_P4
#define FLOW_TABLE_P4

const bit<8>  FLOW_UNIT    = 23;      // sweep times are in 2 to the power of this many microseconds, 8.4 seconds
const bit<16> FLOW_LONGEST = 52000;   // units; longer ahead than any timeout: the time has passed

const bit<48> UDP_STREAM_AFTER = 2000000;   // microseconds

const bit<8> KEY_FLOW          = 0;   // kinds of keys
const bit<8> KEY_FRAGMENTS_OUT = 1;   // the ports are the datagram's id
const bit<8> KEY_FRAGMENTS_IN  = 2;

register<bit<128>>(FLOW_BUCKETS) flow_buckets;
register<bit<80>>(FLOW_WAYS) flow_ends;        // the key: ENI, kind, protocol, local port, remote port,
register<bit<128>>(FLOW_WAYS) flow_own;        // local address,
register<bit<128>>(FLOW_WAYS) flow_other;      // remote address
register<bit<128>>(FLOW_WAYS) flow_local;      // docs/flows.md has these four bit by bit
register<bit<128>>(FLOW_WAYS) flow_remote;
register<bit<128>>(FLOW_WAYS) flow_last;
register<bit<128>>(FLOW_WAYS) flow_state;
register<bit<128>>(FLOW_WAYS) flow_log_out;    // packets, bytes, TCP flags, and the upper half of when the flow began
register<bit<128>>(FLOW_WAYS) flow_log_in;     // the same of packets that enter, and the lower half
counter(8, CounterType.packets) flow_events;   // cells are flow_event_t
register<bit<32>>(PORTS) flow_live;            // records of the ENI behind a port

bit<64> fold(in bit<64> a, in bit<64> b) {
    bit<128> product = (bit<128>)a * (bit<128>)b;
    return product[127:64] ^ product[63:0];
}

// Whether a record may be swept at `at`; both in units.
bool flow_over(in bit<16> at, in bit<16> now) {
    return at - now > FLOW_LONGEST;
}

// Whether the key in meta.slot.probe is this one, meta.track's addresses being part of it.
bool key_is_here(in metadata_t meta, in bit<80> wanted) {
    bit<80> ends;
    bit<128> own;
    bit<128> other;
    flow_ends.read(ends, meta.slot.probe);
    flow_own.read(own, meta.slot.probe);
    flow_other.read(other, meta.slot.probe);
    return ends == wanted && own == meta.track.local && other == meta.track.remote;
}

// Looks a key up: meta.track has its ENI and addresses.
control flow_look(inout metadata_t meta, in bit<48> time, in bit<8> kind, in bit<8> protocol, in bit<16> local_port,
                  in bit<16> remote_port) {
    action place() {
        bit<64> ends = meta.track.eni ++ local_port ++ remote_port;
        bit<64> mixed = fold(meta.track.remote[63:0] ^ meta.policy.secret[63:0], ends ^ meta.policy.secret[127:64]);
        mixed = fold(meta.track.remote[127:64] ^ mixed, meta.track.local[63:0] ^ meta.policy.secret[95:32]);
        mixed = fold(meta.track.local[127:64] ^ mixed, (kind ++ protocol ++ 48w0) ^ meta.policy.secret[127:64]);
        meta.slot.first = mixed[63:32] & (FLOW_BUCKETS - 1);
        meta.slot.second = mixed[31:0] & (FLOW_BUCKETS - 1);
        meta.slot.tag = mixed[63:48] | 1;
        meta.slot.ends = meta.track.eni ++ kind ++ protocol ++ local_port ++ remote_port;
    }

    // All indexes of a record at once: an engine then fetches its rows side by side.
    action stand_at(bit<32> way) {
        meta.slot.probe = way;
        meta.slot.way = way;
        meta.slot.log = way;
        meta.slot.bucket = way >> 2;
    }

    action look_up() {
        bit<128> left;
        bit<128> right = 0;
        bit<16> now = time[38:23];
        bit<32> way = meta.slot.first << 2;
        flow_buckets.read(left, meta.slot.first);
        meta.slot.hit = 0;
        meta.slot.room = 0;
        meta.slot.used = 0;
        bit<128> lanes = left;
        for (bit<8> turn = 0; turn < 8; turn = turn + 1) {
            if (lanes[31:16] == meta.slot.tag) {
                stand_at(way);
                if (key_is_here(meta, meta.slot.ends)) {
                    meta.slot.hit = 1;
                    break;
                }
            }
            lanes = lanes >> 32;
            way = way + 1;
            if (turn == 3) {
                flow_buckets.read(right, meta.slot.second);
                lanes = right;
                way = meta.slot.second << 2;
            }
        }
        if (meta.slot.hit == 0) {
            bit<8> busy_left = 0;
            bit<8> busy_right = 0;
            bit<8> free_left = 4;
            bit<8> free_right = 4;
            bit<1> used_left = 0;
            bit<1> used_right = 0;
            for (bit<8> way = 0; way < 4; way = way + 1) {
                if (left[31:16] == 0 || flow_over(left[15:0], now)) {
                    free_left = way;
                    used_left = left[31:16] == 0 ? 1w0 : 1w1;
                } else {
                    busy_left = busy_left + 1;
                }
                if (right[31:16] == 0 || flow_over(right[15:0], now)) {
                    free_right = way;
                    used_right = right[31:16] == 0 ? 1w0 : 1w1;
                } else {
                    busy_right = busy_right + 1;
                }
                left = left >> 32;
                right = right >> 32;
            }
            if (busy_left <= busy_right) {
                way = (meta.slot.first << 2) + (bit<32>)free_left;
                meta.slot.used = used_left;
                meta.slot.room = free_left == 4 ? 1w0 : 1w1;
            } else {
                way = (meta.slot.second << 2) + (bit<32>)free_right;
                meta.slot.used = used_right;
                meta.slot.room = 1;
            }
            stand_at(way);
        }
    }

    apply {
        place();
        look_up();
    }
}

#endif
