"""The `p4_device_config` bytes: BMv2 JSON as it is, or inside the older `P4DeviceConfig` message that BMv2 took too."""

from switch.p4runtime.errors import P4RuntimeError, invalid

_DEVICE_DATA = 3


def json_of(config: bytes) -> bytes:
    """The JSON text; INVALID_ARGUMENT when the bytes are neither."""
    if not config:
        raise invalid("p4_device_config is empty; the BMv2 JSON of the program is expected")
    if config.lstrip()[:1] == b"{":
        return config
    data = _field(config, _DEVICE_DATA)
    if data is None or data.lstrip()[:1] != b"{":
        raise invalid("p4_device_config is not the BMv2 JSON of a program (it does not begin with '{')")
    return data


def _field(data: bytes, wanted: int) -> bytes | None:
    """The last length-delimited field of that number in a protobuf message."""
    position, found = 0, None
    try:
        while position < len(data):
            tag, position = _varint(data, position)
            number, wire = tag >> 3, tag & 7
            if wire == 0:
                _, position = _varint(data, position)
            elif wire == 2:
                size, position = _varint(data, position)
                if position + size > len(data):
                    return None
                found = data[position : position + size] if number == wanted else found
                position += size
            else:
                return None
    except P4RuntimeError:
        return None
    return found


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(data):
            break
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise invalid("not a protobuf message")
