// Kinds of gateways and resources whose packets reach an edge or a Hyperplane node: each is brought by a plugin.

#ifndef KINDS_P4
#define KINDS_P4

enum bit<16> resource_kind_t {
    NONE = 0,
#include <plugin_kinds.p4>
    LAST = 0xffff
}

#endif
