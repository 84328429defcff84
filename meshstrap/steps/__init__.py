"""The catalogue: which steps there are, who gets which, what holds afterwards. It reads ``scripts/steps``."""

from meshstrap.steps.catalogue import STEPS, catalogue, load_catalogue, step_named, steps_for
from meshstrap.steps.model import Step

__all__ = ["STEPS", "Step", "catalogue", "load_catalogue", "step_named", "steps_for"]
