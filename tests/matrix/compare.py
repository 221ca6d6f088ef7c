"""One architecture → whether every attention map of its eager copy was captured, in order, and no other."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import nn

from matrix.checked import EPSILON, Checked, budget, check
from matrix.model_inputs import model_inputs
from matrix.references import References, eager_references, first_tensor
from matrix.sharpening import sharpen
from matrix.small_config import STRATEGIES, Strategy, small_config
from tensorboard_plugin_attn import capture
from tensorboard_plugin_attn.errors import CaptureError

__all__ = ["Row", "compare"]

MOST_PARAMETERS = 40_000_000
CONTROL = 100
"""A layer passes for another one's map when it comes nearer than so many budgets: then nothing is shown."""
ALIKE = dict.fromkeys(("efficientloftr", "lightglue", "pp_ocrv6_small_rec"), 30)
"""Models that only run in float32 and whose layers see almost the same: however sharp, 30 to 80 budgets apart."""
NO_MAPS = frozenset(["groupvit"])
"""Outputs that are no maps: groupvit's are assignments of patches to groups."""
OTHER_ORDER = frozenset(["xlnet"])
"""Modules that hand out maps as [query, key, batch, head]."""
CUT = frozenset(["cpmant", "t5gemma2"])
"""Maps handed out in pieces: without the prompt's tokens, or the decoder's and the encoder's apart."""


class TooLarge(Exception):  # noqa: N818 - the outcome of shrinking, not a fault
    """A small configuration that is not small."""


@dataclass
class Row:
    """One line of the coverage table.

    ``references``: how many of the records a map of the eager copy met; ``margin``: how many times the budget covers
    the error, where that is least; ``checked``: what a forward in float32 showed beside that.
    """

    architecture: str
    verdict: str
    references: int = 0
    records: int = 0
    error: float = 0.0
    rebuild: float | None = None
    mechanisms: str = ""
    limit: float = EPSILON
    precision: str = "float64"
    margin: float = 1000.0
    reason: str = ""
    checked: Checked = field(default_factory=Checked)

    def note(self, error: float, limit: float) -> None:
        """A map was met with this error, for which there is this budget."""
        self.error = max(self.error, error)
        self.margin = min(self.margin, limit / max(error, EPSILON / 8))

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class Case:
    """A sharpened model, an input that it takes, and what its eager copy hands out."""

    model: nn.Module
    inputs: dict[str, Any]
    references: References


def compare(architecture: str, overrides: dict[str, Any] | None = None) -> Row:
    """Build small in the first way that works, sharpen, capture, compare with the eager copy."""
    errors: list[Exception] = []
    widths = (overrides or {}).get("widths")
    for strategy in (one for one in STRATEGIES if widths in (None, one.widths)):
        try:
            model, eager = built(architecture, strategy, overrides)
        except Exception as error:  # noqa: BLE001 - whatever a model raises: the next way may do
            errors.append(error)
            continue
        fresh = copy.deepcopy(model)  # a forward in double precision may leave tensors of it behind
        for inputs in every_input(model):
            for dtype in (torch.float64, torch.float32):
                given = cast(inputs, dtype)
                with computing_in(dtype):
                    try:
                        case = Case(model.to(dtype), given, eager_references(eager.to(dtype), given))
                    except Exception as error:  # noqa: BLE001 - the same
                        errors.append(error)
                        continue
                    row = captured_row(architecture, case)
                if row.verdict == "exact" or dtype == torch.float32:
                    return with_checks(row, fresh, inputs)
    raise errors[0]


def with_checks(row: Row, model: nn.Module, inputs: dict[str, Any]) -> Row:
    """A row whose maps are exact, with what the model shows in float32."""
    if row.verdict == "exact":
        row.checked = check(model, cast(inputs, torch.float32))
    return row


@contextmanager
def computing_in(dtype: torch.dtype) -> Iterator[None]:
    """Tensors that a forward makes itself have this precision too."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def cast(inputs: Any, dtype: torch.dtype) -> Any:
    """The inputs with their floats in a precision."""
    if isinstance(inputs, torch.Tensor):
        return inputs.to(dtype) if inputs.is_floating_point() else inputs
    if isinstance(inputs, dict):
        return {name: cast(one, dtype) for name, one in inputs.items()}
    return type(inputs)(cast(one, dtype) for one in inputs) if isinstance(inputs, list | tuple) else inputs


def built(
    architecture: str, strategy: Strategy, overrides: dict[str, Any] | None
) -> tuple[nn.Module, nn.Module]:
    """The sharpened model and its eager copy."""
    import transformers

    overrides = overrides or {}
    config = transformers.CONFIG_MAPPING[architecture](**overrides.get("init", {}))
    config = small_config(config, overrides, strategy)
    kind = None
    if "part" in overrides:
        section, name = overrides["part"]
        config, kind = getattr(config, section) if section else config, getattr(transformers, name)
    kind = kind or model_class(config)
    with torch.device("meta"):
        parameters = sum(one.numel() for one in kind._from_config(copy.deepcopy(config)).parameters())
    if parameters > MOST_PARAMETERS:
        raise TooLarge(f"{parameters / 1e6:.0f} M parameters after shrinking")
    torch.manual_seed(0)
    model = kind._from_config(copy.deepcopy(config)).eval()
    sharpen(model, architecture, overrides.get("sharpness", 1.0))
    torch.manual_seed(0)
    implementation = overrides.get("eager", "eager")
    eager = kind._from_config(copy.deepcopy(config), attn_implementation=implementation).eval()
    eager.load_state_dict(model.state_dict())
    return model, eager


def every_input(model: nn.Module) -> Iterator[dict[str, Any]]:
    """The input that names suggest, and the other one where there is another."""
    first = model_inputs(model)
    yield first
    second = model_inputs(model, other_layout=True)
    if shapes(first) != shapes(second):
        yield second


def shapes(inputs: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(getattr(one, "shape", ())) for name, one in inputs.items()}


def model_class(config: Any) -> Any:
    """The base model of a configuration."""
    from transformers.models.auto.modeling_auto import MODEL_MAPPING

    found = MODEL_MAPPING[type(config)]
    return found[0] if isinstance(found, list | tuple) else found


def captured_row(architecture: str, case: Case) -> Row:
    """Capture the model's forward and judge it."""
    state = None
    with warnings.catch_warnings(record=True) as told, torch.no_grad():
        warnings.simplefilter("always")
        try:
            with capture(case.model, query_key=True) as captured:
                torch.manual_seed(1)
                state = first_tensor(captured.model(**case.inputs))
            layers = captured.layers
        except CaptureError as error:
            layers, reason = [], str(error)
        else:
            reason = next((str(one.message) for one in told if "left out" in str(one.message)), "")
    precision = str(next(case.model.parameters()).dtype).removeprefix("torch.")
    row = judged(architecture, case.references, layers, reason, precision)
    other = case.references.state
    if row.verdict == "missed" and state is not None and other is not None and differs(state, other):
        row.verdict, row.reason = (
            "eager differs",
            "the eager copy computes another function: its outputs differ",
        )
    return row


def differs(state: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether two models' outputs are no rounding apart."""
    return state.shape != other.shape or not bool((state - other).abs().max() <= 0.01 * other.abs().max())


def judged(architecture: str, references: References, layers: list[Any], reason: str, precision: str) -> Row:
    """Every reference met by one layer, in order, none twice, and by no other layer."""
    row = Row(architecture, "exact", 0, len(layers), reason=reason[:300], precision=precision)
    limits = [budget(layer) for layer in layers]
    row.limit = max(limits, default=EPSILON)
    row.mechanisms = ", ".join(sorted({layer.mechanism for layer in layers}))
    errors = [layer.rebuild_error for layer in layers if layer.rebuild_error is not None]
    row.rebuild = max(errors) if len(errors) == len(layers) and errors else None
    met: set[int] = set()
    used: set[int] = set()
    for name, tensors in lists_of(architecture, references):
        if name == "modules":
            used = set()
        missing = match(name, tensors, layers, limits, used, row, references.softmaxes)
        met |= used
        if missing:
            row.references = len(met)
            row.verdict, row.reason = missing, f"{row.reason}; {reason[:600]}"
            return row
    met |= met_by_softmaxes(layers, limits, met, row, references.softmaxes)
    row.references = len(met)
    if not layers:
        row.verdict = "nothing captured"
    elif len(met) < len(layers):
        names = [layer.name for number, layer in enumerate(layers) if number not in met]
        row.verdict, row.reason = (
            "no reference",
            f"the eager copy hands out nothing like {', '.join(names[:3])}",
        )
    return row


def lists_of(architecture: str, references: References) -> Iterator[tuple[str, list[torch.Tensor]]]:
    """The lists of references that are whole maps of attention."""
    for name, tensors in references.lists():
        if architecture not in CUT | (OTHER_ORDER if name == "modules" else NO_MAPS):
            yield name, tensors


def match(
    name: str,
    tensors: list[torch.Tensor],
    layers: list[Any],
    limits: list[float],
    used: set[int],
    row: Row,
    softmaxes: list[torch.Tensor],
) -> str:
    """Find each tensor's layer, in call order; a verdict when one is missing or not unmistakable."""
    position = -1
    for index, tensor in enumerate(tensors):
        differences = [difference(layer.weights, tensor) for layer in layers]
        found = next(
            (
                number
                for number in range(position + 1, len(layers))
                if number not in used and differences[number] <= limits[number]
            ),
            None,
        )
        if found is None:
            shapes = [tuple(layer.weights.shape) for layer in layers[:6]]
            nearest = min(differences, default=float("inf"))
            row.reason = f"{name}[{index}] {tuple(tensor.shape)}: nearest {nearest:.2g}; have {shapes}"
            return "missed"
        row.note(differences[found], limits[found])
        used.add(found)
        position = found
        rival = nearest_rival(differences, found, tensor, softmaxes)
        if rival < ALIKE.get(row.architecture, CONTROL) * limits[found] and tensor.shape[-1] > 1:
            row.reason = f"{name}[{index}] also within {rival:.2g} of another layer"
            return "near uniform"
    return ""


def nearest_rival(
    differences: list[float], found: int, tensor: torch.Tensor, softmaxes: list[torch.Tensor]
) -> float:
    """How near another layer comes; a map that the eager copy computes twice, bit by bit, may have its twins."""
    rivals = sorted(one for number, one in enumerate(differences) if number != found)
    twins = sum(torch.equal(one, tensor) for one in softmaxes) - 1
    return next(iter(rivals[max(twins, 0) :]), 1.0)


def met_by_softmaxes(
    layers: list[Any], limits: list[float], met: set[int], row: Row, softmaxes: list[torch.Tensor]
) -> set[int]:
    """Which layers that no output and no module hands out are a softmax of the eager copy, in call order."""
    found: set[int] = set()
    position = -1
    for number in (one for one in range(len(layers)) if one not in met):
        for index in range(position + 1, len(softmaxes)):
            error = difference(layers[number].weights, softmaxes[index])
            if error <= limits[number]:
                row.note(error, limits[number])
                position = index
                found.add(number)
                break
    return found


def difference(weights: torch.Tensor, tensor: torch.Tensor) -> float:
    """Largest difference of two maps; infinite where their shapes do not fit."""
    if weights.numel() != tensor.numel() or weights.shape[-1] != tensor.shape[-1]:
        return float("inf")
    if weights.shape[-2] == 1 != tensor.shape[-2]:  # one query, whose axis the copy does not have
        return float((weights.flatten() - tensor.flatten()).abs().max())
    if weights.shape[-2] != tensor.shape[-2]:
        return float("inf")
    if tensor.dim() == 4 and tensor.shape[1] > 1 and bool((tensor == tensor[:, :1]).all()):
        weights = weights.mean(1, keepdim=True).expand(
            weights.shape
        )  # a reference that is the mean over heads
    if weights.shape != tensor.shape and tensor.dim() == 5:
        candidates = [tensor.transpose(1, 2), tensor]
        return min(float((weights.reshape(-1) - one.reshape(-1).float()).abs().max()) for one in candidates)
    return float((weights - tensor.float().reshape(weights.shape)).abs().nan_to_num(1.0).max())
