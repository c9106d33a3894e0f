"""Records what p4c-bm2-ss and simple_switch answer for our own programs, where both are on PATH.

    python -m tests.reference.record [NAME ...]

writes tests/reference/recorded/NAME.json: the P4Info that p4c wrote, random packets, and what BMv2 sent for them, by
port.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.conformance.bmv2_runner import Bmv2Switch
from tests.conformance.stf import Packet

HERE = Path(__file__).parent
PORTS = (0, 1, 2, 3)
PACKETS = 200


def programs() -> dict[str, Path]:
    """The programs that are recorded, by name."""
    return {path.stem: path for path in sorted((HERE / "programs").glob("*.p4"))}


def recording(name: str) -> Path:
    """Where a program's answers are kept."""
    return HERE / "recorded" / f"{name}.json"


def packets(name: str) -> list[tuple[int, bytes]]:
    """The packets for a program, as (port, bytes): few different values, some too short."""
    rng = random.Random(name)
    small = (0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 16, 32, 127, 128, 254, 255)
    found = []
    for _ in range(PACKETS):
        size = rng.choice((1, 5, 9, 14, 27, 40, 60))
        values = (rng.choice(small) if rng.random() < 0.7 else rng.randrange(256) for _ in range(size))
        found.append((0, bytes(values)))
    return found


def record(name: str, compiler: str, switch: str) -> None:
    """Asks both programs and writes the answers."""
    with tempfile.TemporaryDirectory(prefix="reference-") as folder:
        config, p4info = Path(folder) / "p.json", Path(folder) / "p.txtpb"
        command = [compiler, str(programs()[name]), "-o", str(config), "--p4runtime-files", str(p4info)]
        subprocess.run(command, check=True)
        with Bmv2Switch(Path(switch), config.read_text(), PORTS) as running:
            for port, data in packets(name):
                running.execute(Packet(port, data))
            out = running.finish({})
        content = {
            "p4c": _version(compiler),
            "bmv2": _version(switch),
            "p4info": p4info.read_text(),
            "packets": [[port, data.hex()] for port, data in packets(name)],
            "out": {str(port): [data.hex() for data in frames] for port, frames in out.items()},
        }
    recording(name).parent.mkdir(exist_ok=True)
    recording(name).write_text(json.dumps(content, indent=1) + "\n")


def _version(binary: str) -> str:
    said = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False)
    return (said.stdout or said.stderr).strip().splitlines()[-1]


def main() -> int:
    """Records the named programs, or all."""
    compiler, switch = shutil.which("p4c-bm2-ss"), shutil.which("simple_switch")
    if compiler is None or switch is None:
        print("p4c-bm2-ss and simple_switch must be on PATH", file=sys.stderr)
        return 2
    for name in sys.argv[1:] or programs():
        record(name, compiler, switch)
        print(f"recorded {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
