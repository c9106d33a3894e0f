// Decides which kind of target the packet's destination has.
//
//   (route table, destination) --longest prefix--> local | refuse       miss --> NO_ROUTE
//
// Reads meta.route_table, meta.flow. Writes meta.mtu, meta.drop.
control route(inout metadata_t meta) {
    direct_counter(CounterType.packets_and_bytes) hits;

    action local() {
        meta.mtu = INSTANCE_MTU;
        hits.count();
    }

    action refuse(drop_reason_t reason) {
        drop(meta, reason);
        hits.count();
    }

    action no_route() {
        drop(meta, drop_reason_t.NO_ROUTE);
        hits.count();
    }

    @name(".route")
    table route_entry {
        key = {
            meta.route_table : exact @name("route_table");
            meta.flow.dst    : lpm @name("destination");
        }
        actions = { local; refuse; no_route; }
        const default_action = no_route();
        size = ROUTES;
        counters = hits;
    }

    apply {
        if (meta.drop != drop_reason_t.NONE || meta.answered) {
            return;
        }
        route_entry.apply();
    }
}
