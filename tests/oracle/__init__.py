"""The flow tracker against Linux nf_conntrack: the same seeded sequences through both, and every difference explained."""
