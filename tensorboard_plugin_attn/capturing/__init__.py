"""A model → its attention weights, exactly and without touching its training."""

from __future__ import annotations

from tensorboard_plugin_attn.capturing.calls.sighting import LeftOut
from tensorboard_plugin_attn.capturing.calls.streamed import Streams
from tensorboard_plugin_attn.capturing.captured import Captured, capture
from tensorboard_plugin_attn.capturing.completeness import layers_of
from tensorboard_plugin_attn.capturing.effect.effects import Effects, head_effects
from tensorboard_plugin_attn.capturing.effect.objective import check_objective
from tensorboard_plugin_attn.capturing.inputs.fitting import Lengths, no_whole_map
from tensorboard_plugin_attn.capturing.inputs.naming import lengths_of, named_list, preceded
from tensorboard_plugin_attn.capturing.inputs.padding import inputs_of
from tensorboard_plugin_attn.capturing.inputs.rows import Row
from tensorboard_plugin_attn.capturing.inputs.stack_lists import (
    AxisLengths,
    is_by_stack,
    is_processor,
    maker_in,
    named_axes,
    named_inputs,
)
from tensorboard_plugin_attn.capturing.probing.meeting import Meeting, num_ranks
from tensorboard_plugin_attn.capturing.probing.probe import ProbeResult, nothing_handed, probe, probe_rows
from tensorboard_plugin_attn.capturing.probing.sharded import needs_every_rank

__all__ = [
    "AxisLengths",
    "Captured",
    "Effects",
    "LeftOut",
    "Lengths",
    "Meeting",
    "ProbeResult",
    "Row",
    "Streams",
    "capture",
    "check_objective",
    "head_effects",
    "inputs_of",
    "is_by_stack",
    "is_processor",
    "layers_of",
    "lengths_of",
    "maker_in",
    "named_axes",
    "named_inputs",
    "named_list",
    "needs_every_rank",
    "no_whole_map",
    "nothing_handed",
    "num_ranks",
    "preceded",
    "probe",
    "probe_rows",
]
