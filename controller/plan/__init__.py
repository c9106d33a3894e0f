"""What every switch should hold, as a pure function of the model."""

from controller.plan.flows import FlowPlan, Timeouts
from controller.plan.mapping import MappingPlan, Move
from controller.plan.vrouter import vrouter_entries

__all__ = ["FlowPlan", "MappingPlan", "Move", "Timeouts", "vrouter_entries"]
