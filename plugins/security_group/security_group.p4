// Security groups: which flows an interface may begin, and which it takes. Rules allow; what no rule of any of the
// interface's groups allows is dropped.
//
//   ENI                                  --> policy: the union of its groups
//   (VPC, remote address)                --> peers: which groups that address is in, of those that some rule names
//   (policy, peers, remote, protocol, port or ICMP type and code) --> allow       miss --> SECURITY_GROUP
//
// Only the first packet of a flow is looked up; what the tracker knows passes, also when the rule has gone since. A policy
// with a revision asks for more: a flow that another revision admitted is looked up again at the next packet of the side
// that began it.
//
// Reads meta.track, meta.flow, meta.vpc. Writes meta.track.mark, .untracked and .forget, meta.drop.

const bit<32> SECURITY_GROUP_PEERS = 262144;
const bit<32> SECURITY_GROUP_RULES = 65536;

control security_group_rules(inout metadata_t meta) {
    direct_counter(CounterType.packets_and_bytes) policies;
    direct_counter(CounterType.packets_and_bytes) peer_hits;
    direct_counter(CounterType.packets_and_bytes) hits;

    bool governed = false;
    bit<32> policy_id = 0;
    bit<16> revision = 0;
    bit<32> peers = 0;

    action govern(bit<32> policy, bit<16> policy_revision) {
        policy_id = policy;
        revision = policy_revision;
        governed = true;
        policies.count();
    }

    action refuse() {
        drop(meta, drop_reason_t.SECURITY_GROUP);
        meta.track.forget = true;
    }

    action of_groups(bit<32> id) {
        peers = id;
        peer_hits.count();
    }

    action of_no_group() {
    }

    action allow() {
        meta.track.mark = revision;
        hits.count();
    }

    // For both directions some rule admits everything of the protocol: the flow needs no record (AWS: untracked).
    action allow_untracked() {
        meta.track.untracked = true;
        hits.count();
    }

    action refuse_unmatched() {
        refuse();
        hits.count();
    }

    action refuse_ungoverned() {
        refuse();
        policies.count();
    }

    table policy {
        key = {
            meta.track.eni : exact @name("eni");
        }
        actions = { govern; refuse_ungoverned; }
        const default_action = refuse_ungoverned();
        size = LOCAL_ENIS;
        counters = policies;
    }

    table peer {
        key = {
            meta.vpc          : exact @name("vpc");
            meta.track.remote : exact @name("address");
        }
        actions = { of_groups; of_no_group; }
        const default_action = of_no_group();
        size = SECURITY_GROUP_PEERS;
        counters = peer_hits;
    }

    table rule {
        key = {
            policy_id           : exact @name("policy");
            peers               : ternary @name("peers");
            meta.inner_type     : ternary @name("type");
            meta.track.remote   : ternary @name("remote");
            meta.flow.protocol  : ternary @name("protocol");
            meta.flow.dst_port  : range @name("port");
            meta.flow.icmp_type : ternary @name("icmp_type");
            meta.flow.icmp_code : ternary @name("icmp_code");
        }
        actions = { allow; allow_untracked; refuse_unmatched; }
        const default_action = refuse_unmatched();
        size = SECURITY_GROUP_RULES;
        counters = hits;
    }

    apply {
        if (meta.track.verdict != track_verdict_t.NEW && meta.track.verdict != track_verdict_t.ESTABLISHED) {
            return;
        }
        policy.apply();
        if (!governed) {
            return;
        }
        if (meta.track.verdict == track_verdict_t.ESTABLISHED
            && (meta.track.reply || revision == 0 || meta.track.mark == revision)) {
            return;
        }
        peer.apply();
        rule.apply();
    }
}

control security_group_from_eni(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    @name(".security_group.outbound") security_group_rules() outbound;

    apply {
        outbound.apply(meta);
    }
}

control security_group_to_eni(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t std) {
    @name(".security_group.inbound") security_group_rules() inbound;

    apply {
        inbound.apply(meta);
    }
}
