"""Flow logs in a region description, of a VPC, a subnet or an instance's first interface.

subnets:
  front:
    cidr: 10.0.1.0/24
    flow_log: {traffic_type: REJECT, max_aggregation_interval: 60}
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import BaseModel, ConfigDict, ValidationError

from controller.model import NetworkInterface, Subnet, Vpc
from controller.plugin import RequestError, Section, stable_id

from .logs import FlowLog, Traffic, check
from .records import DEFAULT_FORMAT


class _LogText(BaseModel):
    model_config = ConfigDict(extra="forbid")

    traffic_type: Traffic = "ALL"
    max_aggregation_interval: int = 600
    log_format: str = DEFAULT_FORMAT
    collector: str = ""


def logs_described(sections: Sequence[Section]) -> Iterator[FlowLog]:
    """The flow logs that a description asks for; ValueError names the place."""
    for section in sections:
        subject = section.subject
        if not isinstance(subject, NetworkInterface | Subnet | Vpc):
            raise ValueError(f"{section.place}: a flow log belongs to a VPC, a subnet or an instance")
        try:
            text = _LogText.model_validate(section.content or {})
            name = stable_id("fl", subject.id, "described")
            log = FlowLog(id=name, resource_id=subject.id, account_id=subject.account_id, **text.model_dump())
            yield check(log)
        except ValidationError as error:
            first = error.errors()[0]
            raise ValueError(f"{section.place}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
        except RequestError as error:
            raise ValueError(f"{section.place}: {error.message}") from None
