"""The head metrics of every step of one probe → what emerged when, which head plays what role, what may be wrong."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.header import Fault, Header, same_input
from tensorboard_plugin_attn.measuring.contribution import CONTRIBUTIONS
from tensorboard_plugin_attn.measuring.head_metrics import CHANGES
from tensorboard_plugin_attn.studying.baseline import uniform_baseline
from tensorboard_plugin_attn.studying.emergence import FACTOR, SMALLEST, Emergence, find_emergence
from tensorboard_plugin_attn.studying.health import Hint, Observed, Thresholds, find_hints
from tensorboard_plugin_attn.studying.roles import ROLE_METRICS, UNCLASSIFIED, RoleMap, find_roles

__all__ = ["Evolution", "Mark", "StepFacts", "became", "became_words", "evolve", "step_facts"]

BECAME = {  # metric → what a head became when it rose, and when it fell
    "entropy": ("spreads out", "sharpens"),
    "mean_distance": ("looks farther", "looks nearer"),
    "confidence": ("sharpens", "spreads out"),
    "previous_token": ("previous-token", "leaves the previous token"),
    "same_token": ("same-token", "leaves the same token"),
    "next_token": ("next-token", "leaves the next token"),
    "first_token": ("first-token sink", "leaves the first token"),
    "special_tokens": ("special-token", "leaves special tokens"),
    "duplicate_token": ("duplicate-token", "leaves duplicates"),
    "induction": ("induction", "leaves induction"),
    "max_score": ("larger scores", "smaller scores"),
    "diagonality": ("runs along the diagonal", "leaves the diagonal"),
    "focus_rate": ("focuses", "spreads out"),
    "sink": ("attends to no key", "leaves the sink"),
}
UNTOLD = (*CHANGES, *CONTRIBUTIONS, "max_score")  # a head does not become these
SHAPE = (
    "entropy",
    "mean_distance",
    "confidence",
    "effect",
    "ablation",
)  # how sharply a head attends and what that is good for, not what it attends to


@dataclass(frozen=True)
class StepFacts:
    """What a step's header says beside its metrics."""

    faults: tuple[Fault, ...] = ()
    masks: tuple[str, ...] = ()
    probe: str = ""
    kind: str = "weights"
    input: str | None = None


@dataclass(frozen=True)
class Mark:
    """The largest lasting change of one head: which metric, since which step, from what to what."""

    step: int
    layer: int
    head: int
    metric: str
    became: str
    before: float
    after: float
    size: float
    noise: float


@dataclass(frozen=True)
class Evolution:
    """What ``evolve`` found. ``baseline`` is what uniform attention scores, ``[layer, metric]``."""

    steps: NDArray[np.int64]
    names: list[str]
    emergence: Emergence
    roles: RoleMap
    baseline: NDArray[np.float32]
    hints: list[Hint]
    probe_changes: list[int]
    pairs: frozenset[str] = frozenset()  # metrics that follow a pair of tokens

    def marks(self, smallest: float = SMALLEST, factor: float = FACTOR) -> list[Mark]:
        """Each marked head with its largest change over all metrics, by step.

        Of a head whose role emerged, the changes of shape and of effects that came with it are not told.
        """
        told = np.array([name not in UNTOLD for name in self.names], bool)
        shape = np.array([name in SHAPE for name in self.names], bool)
        marked = self.emergence.marked(smallest, factor) & told
        marked &= ~(self.role_emerged(marked)[..., None] & shape)
        size = np.where(marked, np.abs(np.nan_to_num(self.emergence.size)), -1)
        marks = [
            self.mark(int(layer), int(head), int(size[layer, head].argmax()))
            for layer, head in np.argwhere(marked.any(axis=-1))
        ]
        return sorted(marks, key=lambda mark: (mark.step, mark.layer, mark.head))

    def role_emerged(self, marked: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """``[layer, head]``: the metric of the role at the last step is marked, rose, and says what is attended to."""
        emerged = np.zeros(marked.shape[:2], bool)
        for layer, head in np.argwhere(marked.any(axis=-1)):
            role = int(self.roles.roles[-1, layer, head])
            metric = ROLE_METRICS[role] if role < UNCLASSIFIED else ""
            if metric in self.names and metric not in SHAPE:
                at = layer, head, self.names.index(metric)
                emerged[layer, head] = marked[at] and self.emergence.after[at] > self.emergence.before[at]
        return emerged

    def mark(self, layer: int, head: int, metric: int) -> Mark:
        """One head's change in one metric."""
        at = layer, head, metric
        emergence, name = self.emergence, self.names[metric]
        before, after = float(emergence.before[at]), float(emergence.after[at])
        step = int(self.steps[emergence.index[at]])
        size, noise = float(emergence.size[at]), float(emergence.noise[at])
        return Mark(
            step, layer, head, name, became(name, after > before, self.pairs), before, after, size, noise
        )

    def marks_json(self, smallest: float = SMALLEST, factor: float = FACTOR) -> list[dict[str, Any]]:
        """``marks`` as fields."""
        return [asdict(mark) for mark in self.marks(smallest, factor)]


def became(metric: str, rose: bool, pairs: Collection[str] = ()) -> str:
    """What a head became, in words; of a tracked pair it attends or leaves it, any other metric rises or falls."""
    if metric in BECAME:
        return BECAME[metric][0 if rose else 1]
    if metric in pairs:
        return f"attends {metric}" if rose else f"leaves {metric}"
    return f"{metric.replace('_', ' ')} {'rises' if rose else 'falls'}"


def became_words(pairs: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Metric → what a head became when it rose, and when it fell, of those that do not merely rise or fall."""
    names = list(pairs)
    return BECAME | {name: (became(name, True, names), became(name, False, names)) for name in names}


def evolve(
    steps: NDArray[np.int64],
    names: Sequence[str],
    values: NDArray[np.float32],
    facts: Sequence[StepFacts],
    header: Header,
    thresholds: Thresholds | None = None,
) -> Evolution:
    """Steps, metrics ``[step, layer, head, metric]``, what each header says, and the latest header → evolution."""
    baseline = baseline_of(header, names, values.shape[1])
    roles = find_roles(values, names, baseline)
    observed = Observed(
        [int(step) for step in steps],
        names,
        values,
        roles.roles,
        [fact.faults for fact in facts],
        [fact.masks for fact in facts],
        [layer.kind == "cross" for layer in header.layers[: values.shape[1]]],
    )
    cuts = [
        place
        for place, (one, next_) in enumerate(pairwise(facts), start=1)
        if not same_input((one.probe, one.input), (next_.probe, next_.input))
    ]
    return Evolution(
        np.asarray(steps, np.int64),
        list(names),
        find_emergence(values, cuts),
        roles,
        baseline,
        find_hints(observed, thresholds),
        [int(steps[cut]) for cut in cuts],
        frozenset(pair.name for pair in header.track),
    )


def baseline_of(header: Header, names: Sequence[str], layers: int) -> NDArray[np.float32]:
    """The baseline of as many layers as the series has, NaN where the latest record has fewer."""
    rows = uniform_baseline(header, names)[:layers]
    return np.pad(rows, ((0, layers - len(rows)), (0, 0)), constant_values=np.nan)


def step_facts(header: Header) -> StepFacts:
    """A header → what evolution needs of it beside the metrics."""
    masks = tuple(layer.mask for layer in header.layers)
    return StepFacts(header.faults, masks, header.probe, header.kind, header.input)
