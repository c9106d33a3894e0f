"""The flow tracker against Linux nf_conntrack: the same sequences through both, every difference explained."""
