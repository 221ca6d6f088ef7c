"""Two patterns of one layer → how much each head changed: the mean over rows of JSD / ln 2, 0 to 1.

JSD is the Jensen–Shannon divergence of two rows of weights, each divided by its sum (Clark et al. 2019).
"""

from __future__ import annotations

from math import log

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.measuring.head_metrics import sum_of_x_log_x

__all__ = ["divergence", "mean_of_known"]


def divergence(
    both: NDArray[np.float32], first: NDArray[np.float32], second: NDArray[np.float32]
) -> NDArray[np.float32]:
    """p + q ``[..., key]``, Σ p ln p and Σ q ln q ``[...]`` → JSD / ln 2 of each row, between 0 and 1."""
    jsd = (first + second - sum_of_x_log_x(both)) / 2 + log(2)
    return np.asarray(np.clip(jsd / log(2), 0, 1), np.float32)


def mean_of_known(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean over the last axis of what is not NaN; NaN where nothing is."""
    known = ~np.isnan(rows)
    count = known.sum(axis=-1)
    total = np.where(known, rows, 0).sum(axis=-1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)
