"""What plugins want of a node while an interface moves away from it."""

from __future__ import annotations

from dataclasses import replace

from controller.loader.installed import Plugins
from controller.model import Model, PhysicalHost
from controller.plan import MappingPlan, Move
from controller.plan.parts import Facts
from controller.plan.plugin_part import PluginPart
from topologies.region import load_region


def test_the_rules_of_an_interface_stay_on_its_old_host_until_its_move_is_over() -> None:
    part = PluginPart(next(one for one in Plugins.installed() if one.name == "security_group"))
    before = load_region("firewall").model
    web = before.interface_of(before.instance("web"))
    alpha, gamma = (next(host for host in before.hosts.values() if host.name == name) for name in ("alpha", "gamma"))
    model = Model([*before.resources(), replace(web, host_id=gamma.id, port=300)])

    def governed(host: PhysicalHost, *moves: Move) -> bool:
        entries = part.entries(host, model, Facts(MappingPlan(moves=moves)), host)
        return any(e.table == "security_group.inbound.policy" and ("eni", web.number) in e.match for e in entries)

    assert governed(gamma)
    assert governed(alpha, Move(web.id, alpha.id))
    assert not governed(alpha)
    assert not governed(alpha, Move(web.id, gamma.id))
