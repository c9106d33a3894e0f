// How large tables and arrays are: the one place to change.

#ifndef SIZES_P4
#define SIZES_P4

const bit<32> PORTS           = 512;
const bit<32> DROP_REASONS    = 256;
const bit<32> LOCAL_ENIS      = 1024;
const bit<32> ENI_ADDRESSES   = 16384;
const bit<32> ROUTES          = 65536;
const bit<32> MAPPINGS        = 1048576;
const bit<32> TRUSTED_SOURCES = 1048576;
const bit<32> UNDERLAY_ROUTES = 4096;

#endif
