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
        ("[alpha, beta]", "[alpha, alpha]", "links: alpha cannot be linked to itself"),
        ("  - [alpha, beta]", "  - [alpha, beta]\n  - [beta, alpha]", "links: beta and alpha are linked already"),
        ("address: 10.0.1.6", "address: 10.0.1.5", "client: web has the address 10.0.1.5 already"),
        ("172.31.0.2", "172.31.0.1", "hosts.beta.underlay: alpha has the address 172.31.0.1 already"),
        ("client:", "alpha:", "instances.alpha: another instance or a host has this name"),
        ("client:", "Client:", "'Client' is no name"),
        ("main: 10.0.1.0/24", "main: 10.0.1.4/31", "10.0.1.4/31 is not between /16 and /28"),
        ("main: 10.0.1.0/24", "main: 10.0.1.0/24\n      two: 10.0.1.128/25", "subnets.two: overlaps with main"),
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


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "region.yaml"
    path.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(RegionError, match=r"region\.yaml"):
        load_region(str(path))


@pytest.mark.parametrize("text", ["", "- a", "just words"])
def test_a_file_without_fields_says_which_there_are(tmp_path: Path, text: str) -> None:
    with pytest.raises(RegionError, match="a region has the fields name, hosts, links and vpcs"):
        load_region(written(tmp_path, text))


def test_a_file_that_is_not_there_is_named_once(tmp_path: Path) -> None:
    with pytest.raises(RegionError) as error:
        load_region(str(tmp_path / "none.yaml"))

    assert str(error.value).count("none.yaml") == 1
