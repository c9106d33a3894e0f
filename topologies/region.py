"""A region made from its description: the controller's model, and the network between the hosts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from controller.model import Model, NetworkInterface, PhysicalHost
from controller.model.ids import stable_id
from controller.plan import MappingPlan
from topologies.description import RegionDescription, RegionError, read_description
from topologies.edges import edge_ports
from topologies.region_vpcs import VpcBuilder
from topologies.sections import described
from topologies.underlay import FABRIC_PORT, SERVICE_MAC, Fabric, UnderlayLink, build_underlay, underlay_mac

ROUTER_MAC = "02:76:70:63:00:01"  # of every router, towards its instances (p4src/include/types.p4)

__all__ = ["FABRIC_PORT", "ROUTER_MAC", "SERVICE_MAC", "Region", "build_region", "load_region", "underlay_mac"]


@dataclass(frozen=True)
class Region:
    """What runs in Mininet or in the lab."""

    name: str
    model: Model
    links: tuple[UnderlayLink, ...]
    mapping: MappingPlan = field(default_factory=MappingPlan)
    fabric: Fabric | None = None

    def host(self, name: str) -> PhysicalHost:
        """The host of that name."""
        return next(host for host in self.model.hosts.values() if host.name == name)

    def preloaded(self) -> Region:
        """The same region, its routers holding every mapping from the start."""
        return replace(self, mapping=replace(self.mapping, policy="preload", gateway_host_id=""))

    def prefix_length(self, eni: NetworkInterface) -> int:
        """That of the interface's subnet."""
        return self.model.subnets[eni.subnet_id].cidr_block.prefixlen


def load_region(name_or_path: str) -> Region:
    """The region described by a YAML file, or by the name of one in this folder; RegionError when there is none."""
    path = Path(name_or_path)
    if path.suffix not in (".yaml", ".yml"):
        folder = Path(__file__).parent
        path = folder / f"{name_or_path}.yaml"
        if not path.exists():
            known = ", ".join(sorted(p.stem for p in folder.glob("*.yaml")))
            raise RegionError(f"no topology is called {name_or_path!r} (there are {known}), and it is not a YAML file")
    description, parts = read_description(path)
    region = build_region(description)
    try:
        resources = described(region.model, parts)
    except ValueError as error:
        raise RegionError(f"{path}: {error}") from None
    return replace(region, model=Model([*region.model.resources(), *resources])) if resources else region


def build_region(description: RegionDescription) -> Region:
    """Gives ids, numbers, ports and MACs to everything described; the same description always gives the same ones."""
    hosts = {
        name: PhysicalHost(stable_id("host", name), name, host.underlay, host.switch, host.device_id, host.program)
        for name, host in description.hosts.items()
    }
    underlay = build_underlay(description, hosts)
    edges = edge_ports(description, hosts)
    resources = [*hosts.values(), *underlay.routes, *edges, *VpcBuilder(description).resources()]
    return Region(description.name, Model(resources), underlay.links, _mapping(description), underlay.fabric)


def _mapping(description: RegionDescription) -> MappingPlan:
    mapping = description.mapping
    gateway = stable_id("host", description.gateway) if description.gateway else ""
    return MappingPlan(mapping.policy, mapping.service, gateway, key=f"lab of {description.name}".encode())
