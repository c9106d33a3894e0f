"""Flow logs in the lab: the plugin collects as in a running controller, and a tap on every instance's wire counts too."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from scapy.layers.inet import TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.packet import Packet as Frame

from controller.loader import Manifest, read_manifest
from controller.model.transaction import Transaction
from controller.plugin import Node, Packet
from topologies.lab import Lab, Sent
