"""Region descriptions: what is accepted, and what a mistake says."""

from __future__ import annotations

from pathlib import Path

import pytest

from topologies.description import RegionError
from topologies.region import load_region

GOOD = Path("topologies/two_hosts.yaml").read_text()


def written(folder: Path, text: str) -> str:
    """The path of a YAML file with this text."""
    path = folder / "region.yaml"
    path.write_text(text)
    return str(path)


def test_a_topology_is_found_by_its_name() -> None:
    region = load_region("two_hosts")

    assert [host.name for host in region.model.hosts.values()] == ["alpha", "beta"]
    assert {instance.name for instance in region.model.instances.values()} == {"web", "client"}


def test_the_same_description_gives_the_same_ids() -> None:
    assert load_region("two_hosts").model == load_region("two_hosts").model


def test_an_unknown_topology_lists_those_that_exist() -> None:
    with pytest.raises(RegionError, match=r"no topology is called 'nowhere' \(there are .*two_hosts"):
        load_region("nowhere")


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("host: beta", "host: gamma", "vpcs.blue.instances.client: no host is called 'gamma'"),
        ("subnet: main, address: 10.0.1.6", "subnet: other, address: 10.0.1.6", "no subnet is called 'other'"),
        ("10.0.1.6", "10.0.2.6", "10.0.2.6 is not inside the subnet 10.0.1.0/24"),
        ("10.0.1.6", "10.0.1.1", "10.0.1.1 is reserved"),
        ("main: 10.0.1.0/24", "main: 10.9.1.0/24", "10.9.1.0/24 is not inside 10.0.0.0/16"),
        ("cidr: 10.0.0.0/16", "cidr: 10.0.0.0/160", "vpcs.blue.cidr"),
        ("links:", "lnks:", "lnks: Extra inputs"),
        ("[alpha, beta]", "[alpha, delta]", "links: no host is called 'delta'"),
    ],
)
def test_a_mistake_names_its_place(tmp_path: Path, before: str, after: str, message: str) -> None:
    path = written(tmp_path, GOOD.replace(before, after))

    with pytest.raises(RegionError) as error:
        load_region(path)

    assert message in str(error.value)
    assert path in str(error.value)


def test_text_that_is_not_yaml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RegionError):
        load_region(written(tmp_path, "hosts: ["))
