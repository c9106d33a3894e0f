// How large tables and arrays are: the one place to change.

#ifndef SIZES_P4
#define SIZES_P4

const bit<32> PORTS           = 512;
const bit<32> DROP_REASONS    = 256;
const bit<32> LOCAL_ENIS      = 1024;
const bit<32> ENI_ADDRESSES   = 16384;
const bit<32> ROUTES          = 65536;
const bit<32> PEERINGS        = 16384;
const bit<32> NEXT_HOP_WAYS   = 64;       // of each next hop, shared out among its devices
const bit<32> NEXT_HOPS       = 65536;    // ways of all next hops
const bit<32> SERVICES        = 16384;
const bit<32> SERVICE_BUCKETS = 1048576;  // buckets of all resources
const bit<32> EDGE_GATEWAYS   = 65536;
const bit<32> MAPPINGS        = 1048576;
const bit<32> VPCS            = 16384;
const bit<32> MAPPING_SERVERS = 16;
const bit<32> GATEWAYS        = 65536;
const bit<32> MOVES           = 1024;
const bit<32> REQUESTERS      = 1024;     // PORTS for interfaces, as many again for other hosts

// The flow table: 2 to the power of FLOW_TABLE_BITS buckets of four ways, some 120 bytes each, and 32 for log counters. For
// BMv2, whose registers take more memory, compile with -DFLOW_TABLE_BITS=10.
#ifndef FLOW_TABLE_BITS
#define FLOW_TABLE_BITS 19
#endif
const bit<32> FLOW_BUCKETS = 1 << FLOW_TABLE_BITS;
const bit<32> FLOW_WAYS    = FLOW_BUCKETS * 4;

// The mapping cache: 2 to the power of MAPPING_CACHE_BITS buckets of four ways, some 50 bytes each.
const bit<8>  MAPPING_CACHE_BITS    = 14;
const bit<32> MAPPING_CACHE_BUCKETS = 1 << MAPPING_CACHE_BITS;
const bit<32> MAPPING_CACHE_WAYS    = MAPPING_CACHE_BUCKETS * 4;
const bit<32> TRUSTED_SOURCES = 1048576;
const bit<32> UNDERLAY_ROUTES = 4096;

#endif
