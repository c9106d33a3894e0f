"""P4Info and entries as files: text, JSON or binary, chosen by the file's ending."""

from __future__ import annotations

from google.protobuf import json_format, text_format
from google.protobuf.message import Message

ENDINGS = (".txtpb", ".txt", ".json", ".bin")


def render(message: Message) -> str:
    """The protobuf text format, with the two comment lines that name file and message."""
    descriptor = message.DESCRIPTOR
    head = f"# proto-file: {descriptor.file.name}\n# proto-message: {descriptor.full_name}\n\n"
    return head + text_format.MessageToString(message, as_utf8=False)


def p4info_bytes(message: Message, path: str) -> bytes:
    """The message in the format that the path's ending asks for; ValueError if it is none of ENDINGS."""
    if path.endswith((".txtpb", ".txt")):
        return render(message).encode()
    if path.endswith(".json"):
        return json_format.MessageToJson(message, indent=1).encode()
    if path.endswith(".bin"):
        return message.SerializeToString(deterministic=True)
    raise ValueError(f"{path}: unknown file kind; known endings are {', '.join(ENDINGS)}")
