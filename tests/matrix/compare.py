"""One architecture → whether every attention tensor of its eager copy was captured, in order, and no other."""

from __future__ import annotations

import copy
import re
import warnings
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import nn

from matrix.model_inputs import model_inputs
from matrix.small_config import small_config
from tensorboard_plugin_attn import capture
from tensorboard_plugin_attn.errors import CaptureError

__all__ = ["Row", "compare"]

MOST_PARAMETERS = 40_000_000
LARGE_SCORES = ("t5", "segformer", "mask2former")
TOLERANCE = 1e-5
POSITION_BIAS_TOLERANCE = 5e-5
SHARP = re.compile(
    r"(^|[._])(query|key|q|k|q_proj|k_proj|q_lin|k_lin|query_proj|key_proj|q_a_proj|q_b_proj|wq|wk|to_q|to_k|q_attn|query_key_value|qkv|qkv_proj|in_proj|wqkv|Wqkv|c_attn|in_proj_weight|query_projection|key_projection)(_weight)?($|[._])",
    re.IGNORECASE,
)


@dataclass
class Row:
    """One line of the coverage table."""

    architecture: str
    verdict: str
    references: int = 0
    records: int = 0
    error: float = 0.0
    rebuild: float | None = None
    mechanisms: str = ""
    limit: float = 1e-5
    reason: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def compare(architecture: str, overrides: dict[str, Any] | None = None) -> Row:
    """Build, sharpen, capture, compare with the eager copy."""
    import transformers

    config = small_config(transformers.CONFIG_MAPPING[architecture](), overrides)
    with torch.device("meta"):
        parameters = sum(
            one.numel() for one in transformers.AutoModel.from_config(copy.deepcopy(config)).parameters()
        )
    if parameters > MOST_PARAMETERS:
        return Row(architecture, "not built", reason=f"{parameters / 1e6:.0f} M parameters after shrinking")
    torch.manual_seed(0)
    model = transformers.AutoModel.from_config(copy.deepcopy(config)).eval()
    sharpen(model, scaled=not any(name in architecture for name in LARGE_SCORES))
    inputs = model_inputs(model)
    reference, eager_state = eager_references(model, config, inputs)
    state = None
    with warnings.catch_warnings(record=True) as told, torch.no_grad():
        warnings.simplefilter("always")
        try:
            with capture(model, query_key=True) as captured:
                torch.manual_seed(1)
                state = first_tensor(captured.model(**inputs))
            layers = captured.layers
        except CaptureError as error:
            layers, reason = [], str(error)
        else:
            reason = next((str(one.message) for one in told if "left out" in str(one.message)), "")
    row = judged(architecture, reference, layers, reason)
    if (
        row.verdict == "missed"
        and state is not None
        and eager_state is not None
        and differs(state, eager_state)
    ):
        row.verdict, row.reason = (
            "eager differs",
            "the eager copy computes another function: its outputs differ",
        )
    return row


def differs(state: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether two models' outputs are no rounding apart."""
    return state.shape != other.shape or not bool((state - other).abs().max() <= 0.01 * other.abs().max())


def eager_references(
    model: Any, config: Any, inputs: dict[str, Any]
) -> tuple[dict[str, list[torch.Tensor]], torch.Tensor | None]:
    """Every tuple of attentions in the eager copy's outputs, and its first output."""
    import transformers

    torch.manual_seed(0)
    eager = transformers.AutoModel.from_config(copy.deepcopy(config), attn_implementation="eager").eval()
    eager.load_state_dict(model.state_dict())
    with torch.no_grad():
        torch.manual_seed(1)
        outputs = eager(**inputs, output_attentions=True)
    found: dict[str, list[torch.Tensor]] = {}
    gather(outputs, "", found)
    return found, first_tensor(outputs)


def first_tensor(outputs: Any) -> torch.Tensor | None:
    """The first floating tensor of a model's outputs."""
    values = outputs.values() if hasattr(outputs, "values") else outputs
    return next((one for one in values if isinstance(one, torch.Tensor) and one.is_floating_point()), None)


def gather(outputs: Any, path: str, found: dict[str, list[torch.Tensor]]) -> None:
    for name, value in outputs.items():
        if "attentions" in name and isinstance(value, tuple | list):
            tensors = [
                normalised(one) for one in flat(value) if isinstance(one, torch.Tensor) and one.dim() >= 3
            ]
            if tensors:
                found[f"{path}{name}"] = tensors
        elif hasattr(value, "items"):
            gather(value, f"{path}{name}.", found)


def normalised(tensor: torch.Tensor) -> torch.Tensor:
    """A reference as weights; a few models return the scores."""
    return tensor.float().softmax(-1) if float(tensor.max()) > 1.01 else tensor


def flat(value: Any) -> list[Any]:
    if isinstance(value, tuple | list):
        return [inner for one in value for inner in flat(one)]
    return [value]


def judged(
    architecture: str, references: dict[str, list[torch.Tensor]], layers: list[Any], reason: str
) -> Row:
    """Every reference met by one layer, in order, none twice, and by no other layer."""
    count = sum(map(len, references.values()))
    row = Row(architecture, "exact", count, len(layers), reason=reason[:300])
    row.limit = POSITION_BIAS_TOLERANCE if "t5" in architecture else TOLERANCE
    row.mechanisms = ", ".join(sorted({layer.mechanism for layer in layers}))
    errors = [layer.rebuild_error for layer in layers if layer.rebuild_error is not None]
    row.rebuild = max(errors) if len(errors) == len(layers) and errors else None
    if not count:
        row.verdict = "no reference"
        return row
    used: set[int] = set()
    for name, tensors in references.items():
        position = -1
        for index, tensor in enumerate(tensors):
            match = next(
                (
                    number
                    for number in range(position + 1, len(layers))
                    if number not in used and difference(layers[number].weights, tensor) <= row.limit
                ),
                None,
            )
            if match is None:
                nearest = min((difference(layer.weights, tensor) for layer in layers), default=float("inf"))
                row.verdict = "missed"
                row.reason = f"{name}[{index}] {tuple(tensor.shape)}: nearest {nearest:.2g}; have {[tuple(layer.weights.shape) for layer in layers[:6]]}; {reason[:600]}"
                return row
            row.error = max(row.error, difference(layers[match].weights, tensor))
            used.add(match)
            position = match
            rivals = [
                difference(layer.weights, tensor) for number, layer in enumerate(layers) if number != match
            ]
            if min(rivals, default=1.0) < 100 * TOLERANCE and tensor.shape[-1] > 1:
                row.verdict = "near uniform"
                row.reason = f"{name}[{index}] also within {min(rivals):.2g} of another layer; {reason[:300]}"
                return row
    return row


def difference(weights: torch.Tensor, tensor: torch.Tensor) -> float:
    """Largest difference of two maps; infinite where their shapes do not fit."""
    if weights.numel() != tensor.numel() or weights.shape[-2:] != tensor.shape[-2:]:
        return float("inf")
    if tensor.dim() == 4 and tensor.shape[1] > 1 and bool((tensor == tensor[:, :1]).all()):
        weights = weights.mean(1, keepdim=True).expand(
            weights.shape
        )  # a reference that is the mean over heads
    if weights.shape != tensor.shape and tensor.dim() == 5:
        candidates = [tensor.transpose(1, 2), tensor]
        return min(float((weights.reshape(-1) - one.reshape(-1).float()).abs().max()) for one in candidates)
    return float((weights - tensor.float().reshape(weights.shape)).abs().nan_to_num(1.0).max())


def sharpen(model: nn.Module, *, scaled: bool = True) -> None:
    """Weights of queries and keys larger, so that no layer is near uniform and passes for another.

    Parameters that start constant (positions, gates) get noise for the same reason; the T5 family does not
    scale its scores and needs less.
    """
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if not parameter.is_floating_point():
                continue
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.dim() >= 2 and SHARP.search(name):
                parameter.copy_(noise * (0.35 if scaled else 0.1))
            elif parameter.numel() > 1 and bool((parameter == parameter.flatten()[0]).all()):
                parameter.add_(noise * 0.1)
