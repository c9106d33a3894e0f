"""Runs in the environment of p4runtime-shell 0.0.6: address, P4Info and JSON are the arguments."""
# pyright: reportMissingImports=false

import sys

import p4runtime_sh.shell as sh

address, p4info, blob = sys.argv[1:4]
sh.setup(device_id=1, grpc_addr=address, election_id=(0, 1), config=sh.FwdPipeConfig(p4info, blob), verbose=False)
print("version", sh.APIVersion())

route = sh.TableEntry("route")(action="route_to")
route.match["dst"] = "10.0.0.0/8"
route.action["mac"] = "00:00:00:00:00:01"
route.action["port"] = "3"
route.insert()
print("routes", len(list(sh.TableEntry("route").read())))
route.action["port"] = "4"
route.modify()

acl = sh.TableEntry("acl")(action="drop")
acl.match["src"] = "10.0.0.0&&&255.0.0.0"
acl.match["len"] = "5..9"
acl.match["is_ipv4"] = "1"
acl.priority = 10
acl.insert()

default = sh.TableEntry("route")(is_default=True, action="forward")
default.action["port"] = "1"
default.modify()

member = sh.ActionProfileMember("hops")(member_id=1, action="forward")
member.action["port"] = "1"
member.insert()
group = sh.ActionProfileGroup("hops")(group_id=1)
group.add(1)
group.insert()
ecmp = sh.TableEntry("ecmp")(group_id=1)
ecmp.match["dst"] = "10.0.0.0/8"
ecmp.insert()

counter = sh.CounterEntry("port_counter")
counter.index = 3
counter.packet_count = 12
counter.modify()
counter.read(lambda cell: print("counter", cell.packet_count))

direct = sh.DirectCounterEntry("route_hits")
direct.table_entry.match["dst"] = "10.0.0.0/8"
direct.read(lambda cell: print("direct", cell.packet_count))

meter = sh.MeterEntry("punt_meter")
meter.index = 1
meter.cir, meter.cburst, meter.pir, meter.pburst = 1, 2, 3, 4
meter.modify()
meter.read(lambda cell: print("meter", cell.pir))

group = sh.MulticastGroupEntry(5)
group.add(1, 1).add(2, 1)
group.insert()
session = sh.CloneSessionEntry(6)
session.add(510, 1)
session.insert()
digest = sh.DigestEntry("learn_t")
digest.insert()

packet = sh.PacketOut(payload=b"from the shell")
packet.metadata["egress_port"] = "3"
packet.metadata["pad"] = "0"
packet.send()

try:
    route.insert()
except Exception as error:
    print(str(error).strip())
route.delete()
print("routes", len(list(sh.TableEntry("route").read())))
sh.teardown()
