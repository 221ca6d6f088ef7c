"""TensorBoard's data provider → the scalars of one run: which there are, and one of them over the steps."""

from __future__ import annotations

from typing import Any

from tensorboard_plugin_attn.serving.answers import RequestError

__all__ = ["list_scalars", "read_scalars"]

SCALARS = "scalars"  # the plugin whose time series they are
MOST_POINTS = 1000


def list_scalars(provider: Any, context: Any, experiment: str, run: str) -> list[str]:
    """The tags of a run's scalars, without those that this package wrote."""
    if provider is None:
        return []
    from tensorboard.data.provider import RunTagFilter

    found = provider.list_scalars(
        context, experiment_id=experiment, plugin_name=SCALARS, run_tag_filter=RunTagFilter(runs=[run])
    )
    return sorted(tag for tag in found.get(run, {}) if not tag.startswith("attn/"))


def read_scalars(provider: Any, context: Any, experiment: str, run: str, tag: str) -> dict[str, Any]:
    """One scalar: steps, wall times and values, thinned evenly to 1000 points. Raises RequestError 404."""
    from tensorboard.data.provider import RunTagFilter

    found: dict[str, Any] = {}
    if provider is not None:
        found = provider.read_scalars(
            context,
            experiment_id=experiment,
            plugin_name=SCALARS,
            downsample=MOST_POINTS,
            run_tag_filter=RunTagFilter(runs=[run], tags=[tag]),
        )
    points = found.get(run, {}).get(tag)
    if points is None:
        tags = list_scalars(provider, context, experiment, run)
        listed = ", ".join(tags[:20]) or "none"
        raise RequestError(
            404, "not_recorded", f"no scalar {tag!r} in run {run!r}; recorded scalars: {listed}", scalars=tags
        )
    return {
        "run": run,
        "tag": tag,
        "steps": [point.step for point in points],
        "wall_times": [point.wall_time for point in points],
        "values": [float(point.value) for point in points],
    }
