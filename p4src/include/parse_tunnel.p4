// What comes from the underlay: Ethernet, IPv4, UDP, then Geneve with options in any order, or a message. States of a parser
// that goes on with a state `inner`.

    state from_underlay {
        packet.meta.origin = origin_t.UNDERLAY;
        transition select(hdr.ethernet.type) {
            TYPE_IPV4: underlay;
            default: accept;
        }
    }

    state underlay {
        bytes.extract(hdr.underlay);
        packet.meta.tunnel.src = hdr.underlay.src;
        packet.meta.tunnel.ttl = hdr.underlay.ttl;
        transition select(hdr.underlay.version, hdr.underlay.ihl, hdr.underlay.fragment, hdr.underlay.protocol) {
            (4, 5, 0, PROTOCOL_UDP): tunnel;
            default: accept;
        }
    }

    state tunnel {
        bytes.extract(hdr.tunnel);
        transition select(hdr.tunnel.dst_port) {
            GENEVE_PORT: geneve;
            MAPPING_PORT: message;
            default: accept;
        }
    }

    state message {
        bytes.extract(hdr.message);
        transition accept;
    }

    state geneve {
        bytes.extract(hdr.geneve);
        verify(hdr.geneve.version == 0, error.BadTunnel);
        packet.meta.inner_type = hdr.geneve.protocol;
        packet.meta.parsing.words_left = (bit<8>)hdr.geneve.option_words;
        packet.meta.datagram.room = TUNNEL_ROOM + ((bit<16>)hdr.geneve.option_words << 2);
        transition options;
    }

    state options {
        transition select(packet.meta.parsing.words_left) {
            0: inner;
            default: option;
        }
    }

    state option {
        bit<32> front = bytes.lookahead<bit<32>>();
        packet.meta.parsing.option_words = (bit<8>)front[4:0] + 1;
        verify(packet.meta.parsing.option_words <= packet.meta.parsing.words_left, error.BadOption);
        packet.meta.parsing.words_left = packet.meta.parsing.words_left - packet.meta.parsing.option_words;
        transition select(front[31:16], front[15:8], front[4:0]) {
            (OPTION_CLASS, OPTION_ENI, OPTION_ENI_WORDS): option_eni;
            default: option_other;
        }
    }

    state option_eni {
        bytes.extract(hdr.option_eni);
        transition options;
    }

    state option_other {
        bytes.extract(hdr.option_other.next, (bit<32>)(packet.meta.parsing.option_words - 1) << 5);
        packet.meta.parsing.unknown_critical = packet.meta.parsing.unknown_critical | hdr.option_other.last.type[7:7];
        transition options;
    }
