// How large tables and arrays are: the one place to change.

#ifndef SIZES_P4
#define SIZES_P4

const bit<32> PORTS           = 512;
const bit<32> DROP_REASONS    = 256;
const bit<32> LOCAL_ENIS      = 1024;
const bit<32> ENI_ADDRESSES   = 16384;
const bit<32> ROUTES          = 65536;
const bit<32> MAPPINGS        = 1048576;
const bit<32> VPCS            = 16384;
const bit<32> MAPPING_SERVERS = 16;
const bit<32> GATEWAYS        = 65536;
const bit<32> MOVES           = 1024;
const bit<32> REQUESTERS      = 1024;     // PORTS for interfaces, as many again for other hosts

// The mapping cache: 2 to the power of MAPPING_CACHE_BITS buckets of four ways, some 50 bytes each.
const bit<8>  MAPPING_CACHE_BITS    = 14;
const bit<32> MAPPING_CACHE_BUCKETS = 1 << MAPPING_CACHE_BITS;
const bit<32> MAPPING_CACHE_WAYS    = MAPPING_CACHE_BUCKETS * 4;
const bit<32> TRUSTED_SOURCES = 1048576;
const bit<32> UNDERLAY_ROUTES = 4096;

#endif
