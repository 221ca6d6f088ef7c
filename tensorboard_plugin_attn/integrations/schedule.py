"""A step of training and what just happened → whether the probes are due."""

from __future__ import annotations

from tensorboard_plugin_attn.errors import InvalidRecordError

__all__ = ["Schedule"]

EVENTS = ("epoch", "evaluate")


class Schedule:
    """When to log: each epoch, each evaluation or every n steps, and always on the first and last step.

    Args:
        every: ``"epoch"``, ``"evaluate"`` or a number of steps.
        early_steps: also at steps 1, 2, 4, 8, …, where heads change fastest.
        metrics_every: number of steps between records of head metrics alone; None: none of these.
        effect_every: least number of steps between records with effects; None: all those with weights have them.
    """

    def __init__(
        self,
        every: str | int,
        *,
        early_steps: bool = False,
        metrics_every: int | None = None,
        effect_every: int | None = None,
    ) -> None:
        if every not in EVENTS and not is_count(every):
            raise InvalidRecordError(f'every must be "epoch", "evaluate" or a number of steps, got {every!r}')
        if metrics_every is not None and not is_count(metrics_every):
            raise InvalidRecordError(f"metrics_every must be a number of steps, got {metrics_every!r}")
        if effect_every is not None and not is_count(effect_every):
            raise InvalidRecordError(f"effect_every must be a number of steps, got {effect_every!r}")
        self.every = every
        self.early_steps = early_steps
        self.metrics_every = metrics_every
        self.effect_every = effect_every
        self.logged: int | None = None
        self.measured: int | None = None

    def is_due(self, step: int, event: str) -> bool:
        """Whether to log at this step, after an event: begin, step, epoch, evaluate or end; once per step."""
        if step == self.logged or not self.wants(step, event):
            return False
        self.logged = step
        return True

    def is_metrics_due(self, step: int, event: str) -> bool:
        """Whether to log head metrics alone at this step, when weights are not due."""
        if self.metrics_every is None or event != "step" or step == self.logged:
            return False
        return step % self.metrics_every == 0

    def takes_effect(self, step: int, *, has_weights: bool) -> bool:
        """Whether the record of this step is to have effects."""
        if self.effect_every is None:
            return has_weights
        if self.measured is not None and 0 <= step - self.measured < self.effect_every:
            return False
        self.measured = step
        return True

    def wants(self, step: int, event: str) -> bool:
        """Whether the schedule names this step."""
        if event in ("begin", "end") or event == self.every:
            return True
        if event != "step":
            return False
        is_power = step & (step - 1) == 0
        return (isinstance(self.every, int) and step % self.every == 0) or (self.early_steps and is_power)


def is_count(value: object) -> bool:
    """A positive whole number."""
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
