"""Runs the region `on_demand` in Mininet and prints what pings saw; started by test_on_demand in a sandbox."""

from __future__ import annotations

from topologies.emulation import running
from topologies.region import load_region

if __name__ == "__main__":
    with running(load_region("on_demand")) as emulation:
        client = emulation.instances["client"]
        print("web:", client.run("ping", "-c", "10", "-i", "0.05", "-W", "2", "10.0.1.5"))
        print("nobody:", client.run("ping", "-c", "2", "-i", "0.05", "-W", "1", "10.0.1.77"))
