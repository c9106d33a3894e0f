/* The smallest program: what comes in on port p leaves on port p ^ 1; stands in for an engine in tests of packet I/O. */
#include "p4e.h"

struct p4e {
    uint32_t cpu_port; /* packets whose first byte is 0xC0 go there */
};

void p4e_run(p4e_t *engine, const p4e_packet_t *packets, uint32_t count, p4e_sink_t *sink)
{
    for (uint32_t i = 0; i < count; i++) {
        sink->input = i;
        int to_cpu = engine && packets[i].len && packets[i].data[0] == 0xc0;
        sink->emit(sink, to_cpu ? engine->cpu_port : packets[i].port ^ 1, packets[i].data, packets[i].len);
    }
}
