// No plugin reads on behind an IP header or behind ports.

    state plugin_ip_protocol {
        transition accept;
    }

    state plugin_udp_port {
        transition accept;
    }
