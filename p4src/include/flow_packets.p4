// Control packets of the flow table, through the CPU port. docs/flows.md has their meaning.

#ifndef FLOW_PACKETS_P4
#define FLOW_PACKETS_P4

const port_t CPU_PORT  = 510;
const port_t TICK_PORT = 509;

const bit<8> FLOW_DUMP   = 1;
const bit<8> FLOW_DELETE = 2;
const bit<8> FLOW_IMPORT = 3;
const bit<8> FLOW_COUNT  = 4;

// A question. The filter's fields are a record's key when one is imported; 0 fits any.
@controller_header("packet_out")
header packet_out_t {
    bit<8>   op;
    bit<8>   protocol;
    bit<16>  port;
    bit<32>  token;
    bit<32>  first;        // way
    bit<32>  count;        // ways
    eni_t    eni;
    bit<16>  local_port;
    bit<16>  remote_port;
    addr_t   local;
    addr_t   remote;
    bit<128> secret;       // of the table's hash; for an import
    bit<128> local_side;
    bit<128> remote_side;
    bit<128> last;
    bit<128> state;
    bit<256> log;
}

@controller_header("packet_in")
header packet_in_t {
    bit<8>   op;
    bit<32>  token;
    bit<32>  first;
    bit<32>  count;
    bit<32>  found;
    bit<336> key;
    bit<128> local_side;
    bit<128> remote_side;
    bit<128> last;
    bit<128> state;
    bit<256> log;
}

#endif
