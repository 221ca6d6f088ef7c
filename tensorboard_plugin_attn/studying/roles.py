"""Head metrics → what role each head plays, with a score; most heads play none.

A head has the role whose score exceeds its threshold by the largest part of what is possible. A threshold is at
least twice what uniform attention would score, so that short texts give no roles away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["NO_HEAD", "ROLES", "ROLE_METRICS", "SHARP_ROLES", "UNCLASSIFIED", "RoleMap", "find_roles"]


@dataclass(frozen=True)
class Role:
    """A role: its name, the metric that its score is, and the least score."""

    name: str
    metric: str
    threshold: float


MASS_ROLES = (
    Role("previous-token", "previous_token", 0.4),
    Role("same-token", "same_token", 0.4),
    Role("next-token", "next_token", 0.4),
    Role("induction", "induction", 0.4),
    Role("duplicate-token", "duplicate_token", 0.4),
    Role("first-token sink", "first_token", 0.3),  # the rate of sinks counts heads above 0.3 (Gu et al. 2024)
    Role("left patch", "patch_left", 0.4),
    Role("right patch", "patch_right", 0.4),
    Role("patch above", "patch_above", 0.4),
    Role("patch below", "patch_below", 0.4),
    Role("same row", "same_row", 0.5),
    Role("same column", "same_column", 0.5),
    Role("CLS token", "cls_mass", 0.5),
    Role("register", "register_mass", 0.5),
    Role("special-token", "special_tokens", 0.5),
)
SPREAD_ROLES = (
    Role("local", "mean_distance", 0.6),  # score: 1 − mean distance / that of uniform attention
    Role("uniform", "entropy", 0.95),
)
ROLES = tuple(role.name for role in (*MASS_ROLES, *SPREAD_ROLES))
ROLE_METRICS = tuple(role.metric for role in (*MASS_ROLES, *SPREAD_ROLES))
UNCLASSIFIED = len(ROLES)
NO_HEAD = 255
SHARP_ROLES = frozenset(role.name for role in MASS_ROLES)


@dataclass(frozen=True)
class RoleMap:
    """``[step, layer, head]``: the number of a role in ``ROLES``, UNCLASSIFIED, or NO_HEAD; and its score.

    The score of an unclassified head is NaN.
    """

    roles: NDArray[np.uint8]
    scores: NDArray[np.float32]

    def name(self, step: int, layer: int, head: int) -> str:
        """The role of one head at one step, counted from 0."""
        number = int(self.roles[step, layer, head])
        return ROLES[number] if number < UNCLASSIFIED else "unclassified"


def find_roles(
    values: NDArray[np.float32],
    names: Sequence[str],
    baseline: NDArray[np.float32],
    thresholds: Mapping[str, float] | None = None,
) -> RoleMap:
    """Metrics ``[step, layer, head, metric]`` and what uniform attention scores, ``[layer, metric]`` → roles."""
    chosen = {role.name: role.threshold for role in (*MASS_ROLES, *SPREAD_ROLES)} | dict(thresholds or {})
    roles = np.full(values.shape[:-1], UNCLASSIFIED, np.uint8)
    scores = np.full(values.shape[:-1], np.nan, np.float32)
    best = np.zeros(values.shape[:-1], np.float32)
    for number, role in enumerate((*MASS_ROLES, *SPREAD_ROLES)):
        if role.metric not in names:
            continue
        column = list(names).index(role.metric)
        score = role_score(role, values[..., column], baseline[:, column])
        least = least_score(role, chosen[role.name], baseline[:, column])
        margin = np.nan_to_num((score - least) / np.maximum(1 - least, 1e-6), nan=-1.0) + 1e-6
        if role in SPREAD_ROLES:
            margin = np.where(roles == UNCLASSIFIED, margin, -1)  # only what nothing sharper explains
        better = margin > best
        roles[better], best[better] = number, margin[better]
        scores[better] = score[better]
    roles[np.isnan(values).all(axis=-1)] = NO_HEAD
    return RoleMap(roles, scores)


def role_score(role: Role, metric: NDArray[np.float32], uniform: NDArray[np.float32]) -> NDArray[np.float32]:
    """The score ``[step, layer, head]``; ``uniform`` is ``[layer]``."""
    if role.metric != "mean_distance":
        return metric
    return np.asarray(1 - metric / np.where(uniform > 0, uniform, np.nan)[:, None], np.float32)


def least_score(role: Role, threshold: float, uniform: NDArray[np.float32]) -> NDArray[np.float32]:
    """The least score in each layer, ``[layer, 1]``."""
    if role in SPREAD_ROLES:
        return np.full((len(uniform), 1), threshold, np.float32)
    return np.maximum(threshold, 2 * np.nan_to_num(uniform))[:, None].astype(np.float32)
