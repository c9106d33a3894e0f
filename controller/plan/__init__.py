"""What every switch should hold, as a pure function of the model."""

from controller.plan.mapping import MappingPlan, Move
from controller.plan.vrouter import vrouter_entries

__all__ = ["MappingPlan", "Move", "vrouter_entries"]
