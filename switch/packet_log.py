"""Copies of packets: pcap files per interface, and packet data in the log."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from pathlib import Path

from switch.engine.io.pcap import PcapWriter

LOG = logging.getLogger(__name__)
WHOLE = 1 << 17


class PacketLog:
    """Takes copies of all packets from packet I/O; `tap_bytes` says how much of each it wants.

    Files are named IFACE_in.pcap (received) and IFACE_out.pcap (sent), as BMv2 names them.
    """

    def __init__(self, interfaces: Mapping[int, str], pcap: Path | None, log_bytes: int) -> None:
        self.tap_bytes = WHOLE if pcap is not None else log_bytes
        self._log_bytes = log_bytes
        self._writers: dict[tuple[int, bool], PcapWriter] = {}
        for number, device in interfaces.items() if pcap is not None else ():
            assert pcap is not None
            for leaving, word in ((False, "in"), (True, "out")):
                self._writers[number, leaving] = PcapWriter.create(pcap / f"{device}_{word}.pcap")

    def packet(self, leaving: bool, port: int, data: bytes, length: int) -> None:
        """Records one packet of which `data` is the beginning."""
        writer = self._writers.get((port, leaving))
        if writer is not None:
            writer.write(data, time.time_ns(), length)
        if self._log_bytes:
            verb = "send" if leaving else "receive"
            LOG.info("%s packet port=%d length=%d data=%s", verb, port, length, data[: self._log_bytes].hex())

    def close(self) -> None:
        """Closes the files."""
        for writer in self._writers.values():
            writer.close()
