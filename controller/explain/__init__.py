"""`p4vpc explain`: the path of a packet hop by hop."""

from controller.explain.steps import Step, StepReader
from controller.explain.walk import Hop, Walk, Walker

__all__ = ["Hop", "Step", "StepReader", "Walk", "Walker"]
