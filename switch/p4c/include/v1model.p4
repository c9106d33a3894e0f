// The architecture of BMv2's simple_switch: what a program may use, and how its six blocks fit together.
//
//   parser -> verify checksums -> ingress -> (buffer, replication) -> egress -> compute checksums -> deparser
//
// With V1MODEL_VERSION 20180101 (the default) counters, meters and registers are indexed with bit<32>; from 20200408 on
// the index type is a type parameter.

#ifndef _V1_MODEL_P4_
#define _V1_MODEL_P4_

#include "core.p4"

#ifndef V1MODEL_VERSION
#define V1MODEL_VERSION 20180101
#endif

match_kind {
    range,
    optional,  // an exact value, or anything
    selector   // not matched: feeds the hash of an action selector
}

const bit<32> __v1model_version = V1MODEL_VERSION;

#if V1MODEL_VERSION >= 20200408
typedef bit<9> PortId_t;
#define _PORT_TYPE PortId_t
#else
#define _PORT_TYPE bit<9>
#endif

// What the switch and the program tell each other about a packet.
@metadata
@name("standard_metadata")
struct standard_metadata_t {
    _PORT_TYPE ingress_port;   // where it came in
    _PORT_TYPE egress_spec;    // set in ingress: where it shall go
    _PORT_TYPE egress_port;    // in egress: where it goes
    bit<32> instance_type;     // 0 received, 1 and 2 clones, 4 recirculated, 5 replicated, 6 resubmitted
    bit<32> packet_length;     // bytes
    // Of the buffer between ingress and egress; times in microseconds.
    @alias("queueing_metadata.enq_timestamp")
    bit<32> enq_timestamp;
    @alias("queueing_metadata.enq_qdepth")
    bit<19> enq_qdepth;
    @alias("queueing_metadata.deq_timedelta")
    bit<32> deq_timedelta;
    @alias("queueing_metadata.deq_qdepth")
    bit<19> deq_qdepth;
    // Microseconds since the switch started.
    @alias("intrinsic_metadata.ingress_global_timestamp")
    bit<48> ingress_global_timestamp;
    @alias("intrinsic_metadata.egress_global_timestamp")
    bit<48> egress_global_timestamp;
    // Multicast group, 0 for none, and which replica this is.
    @alias("intrinsic_metadata.mcast_grp")
    bit<16> mcast_grp;
    @alias("intrinsic_metadata.egress_rid")
    bit<16> egress_rid;
    bit<1> checksum_error;     // 1 when a verify_checksum failed
    error parser_error;
    @alias("intrinsic_metadata.priority")
    bit<3> priority;           // queue
}

#undef _PORT_TYPE

// --- state ---

enum CounterType {
    packets,
    bytes,
    packets_and_bytes
}

enum MeterType {
    packets,
    bytes
}

#if V1MODEL_VERSION >= 20200408
#define _INDEXED <I>
#define _INDEX I
#else
#define _INDEXED
#define _INDEX bit<32>
#endif

// An array of counters.
extern counter _INDEXED {
    counter(bit<32> size, CounterType type);
    void count(in _INDEX index);
}

// One counter for each entry of the table that names it in its property `counters`.
extern direct_counter {
    direct_counter(CounterType type);
    void count();
}

#define V1MODEL_METER_COLOR_GREEN  0
#define V1MODEL_METER_COLOR_YELLOW 1
#define V1MODEL_METER_COLOR_RED    2

// An array of meters with two rates and three colours (RFC 2698).
extern meter _INDEXED {
    meter(bit<32> size, MeterType type);
    void execute_meter<T>(in _INDEX index, out T result);
}

// One meter for each entry of the table that names it in its property `meters`; read in that table's actions.
extern direct_meter<T> {
    direct_meter(MeterType type);
    void read(out T result);
}

// An array of cells that data plane and control plane may read and write.
#if V1MODEL_VERSION >= 20200408
extern register<T, I> {
#else
extern register<T> {
#endif
    register(bit<32> size);
    @noSideEffects
    void read(out T result, in _INDEX index);
    void write(in _INDEX index, in T value);
}

#undef _INDEXED
#undef _INDEX

// A table's `implementation`: members, which are actions with data, and (action_selector) groups of them.
extern action_profile {
    action_profile(bit<32> size);
}

// --- calculations ---

enum HashAlgorithm {
    crc32,
    crc32_custom,
    crc16,
    crc16_custom,
    random,
    identity,
    csum16,
    xor16
}

extern action_selector {
    action_selector(HashAlgorithm algorithm, bit<32> size, bit<32> outputWidth);
}

// A number from lo to hi, both included.
extern void random<T>(out T result, in T lo, in T hi);

// A number from base to base + max - 1; base when max is 0.
@pure
extern void hash<O, T, D, M>(out O result, in HashAlgorithm algo, in T base, in D data, in M max);

@deprecated("Please use verify_checksum/update_checksum instead.")
extern Checksum16 {
    Checksum16();
    bit<16> get<D>(in D data);
}

// Sets checksum_error if the condition holds and the checksum of data is not `checksum`.
extern void verify_checksum<T, O>(in bool condition, in T data, in O checksum, HashAlgorithm algo);

// Stores the checksum of data if the condition holds.
@pure
extern void update_checksum<T, O>(in bool condition, in T data, inout O checksum, HashAlgorithm algo);

// The same over data and all that the parser left unread.
extern void verify_checksum_with_payload<T, O>(in bool condition, in T data, in O checksum, HashAlgorithm algo);
@noSideEffects
extern void update_checksum_with_payload<T, O>(in bool condition, in T data, inout O checksum, HashAlgorithm algo);

// --- what becomes of the packet ---

// Sends data to the control plane.
extern void digest<T>(in bit<32> receiver, in T data);

@deprecated("Please use mark_to_drop(standard_metadata) instead.")
extern void mark_to_drop();

// Undone by setting egress_spec later.
@pure
extern void mark_to_drop(inout standard_metadata_t standard_metadata);

enum CloneType {
    I2E,  // from ingress to egress: a copy of the packet as received
    E2E   // from egress to egress: a copy of the packet as it leaves
}

extern void clone(in CloneType type, in bit<32> session);

// The copy keeps the metadata fields marked @field_list(index).
extern void clone_preserving_field_list(in CloneType type, in bit<32> session, bit<8> index);

@deprecated("Please use 'clone_preserving_field_list' instead")
extern void clone3<T>(in CloneType type, in bit<32> session, in T data);

// At the end of ingress, sends the packet as received through the parser again.
extern void resubmit_preserving_field_list(bit<8> index);

@deprecated("Please use 'resubmit_preserving_field_list' instead")
extern void resubmit<T>(in T data);

// At the end of egress, sends the packet as it leaves through the parser again.
extern void recirculate_preserving_field_list(bit<8> index);

@deprecated("Please use 'recirculate_preserving_field_list' instead")
extern void recirculate<T>(in T data);

// Cuts the packet to that many bytes as it leaves.
extern void truncate(in bit<32> length);

// --- debugging ---

extern void assert(in bool check);
extern void assume(in bool check);

// Each {} in the message stands for one field of data.
extern void log_msg(string msg);
extern void log_msg<T>(string msg, in T data);

// --- the blocks ---

parser Parser<H, M>(packet_in b, out H parsedHdr, inout M meta, inout standard_metadata_t standard_metadata);

// May only call verify_checksum and verify_checksum_with_payload.
control VerifyChecksum<H, M>(inout H hdr, inout M meta);

@pipeline
control Ingress<H, M>(inout H hdr, inout M meta, inout standard_metadata_t standard_metadata);

@pipeline
control Egress<H, M>(inout H hdr, inout M meta, inout standard_metadata_t standard_metadata);

// May only call update_checksum and update_checksum_with_payload.
control ComputeChecksum<H, M>(inout H hdr, inout M meta);

@deparser
control Deparser<H>(packet_out b, in H hdr);

package V1Switch<H, M>(Parser<H, M> p,
                       VerifyChecksum<H, M> vr,
                       Ingress<H, M> ig,
                       Egress<H, M> eg,
                       ComputeChecksum<H, M> ck,
                       Deparser<H> dep);

#endif
