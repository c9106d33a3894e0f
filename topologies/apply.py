"""`p4vpc apply`: brings a running controller to a region description, all or nothing, and shows the difference."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console

from controller.commands.client import ClientError
from controller.commands.session import Session, connected
from controller.model import RegionSettings
from controller.model.codec import Codec
from controller.plan import MappingPlan
from topologies.description import RegionError
from topologies.region import load_region

_SIGNS = {"create": "[green]+[/]", "modify": "[yellow]~[/]", "delete": "[red]-[/]"}


@connected
def apply(
    session: Session,
    file: Annotated[str, typer.Option("--file", "-f", help="a region's YAML file, or a name such as two_hosts")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only show what would change")] = False,
) -> None:
    """Make the controller's region what a description says (operators). Applying it again changes nothing."""
    try:
        region = load_region(file)
    except RegionError as error:
        raise ClientError(str(error)) from None
    codec = Codec()
    parts = [*region.model.resources(), region_settings(region.mapping)]
    resources = [{"kind": type(part).__name__, **codec.encode(part)} for part in parts]
    query = {"dry_run": "true"} if dry_run else None
    answer = session.client.call("PUT", f"stacks/{region.name}", {"resources": resources}, query)
    if session.output.value == "json":
        session.say("", answer)
        return
    console = Console(highlight=False)
    for change in answer["changes"]:
        console.print(_line(change), soft_wrap=True)
    words = "would change" if dry_run else "changed"
    console.print(f"{len(answer['changes'])} resources {words}, revision {answer['revision']}")


def region_settings(mapping: MappingPlan) -> RegionSettings:
    """How routers learn who hosts what, as the controller keeps it."""
    return RegionSettings(
        mapping_policy=mapping.policy,
        mapping_service=mapping.service,
        gateway_host_id=mapping.gateway_host_id,
    )


def _line(change: dict[str, Any]) -> str:
    before, after = change["before"] or {}, change["after"] or {}
    details = [
        f"{name}: {before[name]} -> {after[name]}" for name in after if name in before and before[name] != after[name]
    ]
    name = f" {change['name']}" if change["name"] else ""
    return f"{_SIGNS[change['change']]} {change['kind']}{name} {change['id']} {', '.join(details)}".rstrip()
