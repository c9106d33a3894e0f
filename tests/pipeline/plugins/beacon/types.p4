header beacon_header_t {
    bit<8>  number;
    bit<24> passed;
}

struct beacon_t {
    bit<8> number;
}
