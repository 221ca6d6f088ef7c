"""Head metrics beside TransformerLens's own head detector, fetched from PyPI and run as it is."""

from __future__ import annotations

import subprocess
import sys
import types
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from logs.random_attention import softmax_weights
from numpy.typing import NDArray

from tensorboard_plugin_attn import LayerAttention
from tensorboard_plugin_attn.measuring.head_metrics import METRICS, informative_rows
from tensorboard_plugin_attn.record.checks import label_layer
from tensorboard_plugin_attn.record.tokens import TokenAxes

PACKAGE = "transformer-lens==4.3.0"
HEADS = {
    "previous_token": "get_previous_token_head_detection_pattern",
    "duplicate_token": "get_duplicate_token_head_detection_pattern",
    "induction": "get_induction_head_detection_pattern",
}
"""Our metric → the function that draws their pattern."""

TEXTS = ["abcabcabc", "aaaa", "abacadaeaf", "abcdefgh", "xyxyzzxyqrstxyz" * 3]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[types.ModuleType]:
    """The published ``head_detector.py``, run from the wheel as it is."""
    folder = tmp_path_factory.mktemp("transformer_lens")
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "-d", folder]
    subprocess.run([*pip, PACKAGE], check=True)
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    yield run_detector(folder / "transformer_lens")
    for name in [name for name in sys.modules if name.startswith("transformer_lens")]:
        del sys.modules[name]


def run_detector(package: Path) -> types.ModuleType:
    """The package's own ``__init__`` would bring in wandb, datasets and more, none of which the detector's numbers need."""
    known: dict[str, dict[str, Any]] = {
        "transformer_lens": {"__path__": []},
        "transformer_lens.ActivationCache": {"ActivationCache": object},  # named in annotations only
        "transformer_lens.model_protocol": {"TransformerLensModel": object},
        "transformer_lens.utilities": {
            "is_square": is_square,
            "is_lower_triangular": None,
        },  # checks of arguments
        "transformer_lens.head_detector": {},
    }
    for name, content in known.items():
        sys.modules[name] = types.ModuleType(name)
        vars(sys.modules[name]).update(content)
    detector = sys.modules["transformer_lens.head_detector"]
    source = (package / "head_detector.py").read_text(encoding="utf-8")
    exec(compile(source, "head_detector.py", "exec"), vars(detector))
    return detector


def is_square(tensor: torch.Tensor) -> bool:
    """As the detector asks of its argument."""
    return tensor.ndim == 2 and tensor.shape[0] == tensor.shape[1]


def causal_layer(tokens: list[str], seed: int) -> LayerAttention:
    """Three causal heads on a text."""
    layer = LayerAttention(softmax_weights(3, len(tokens), len(tokens), seed, causal=True))
    label_layer(TokenAxes(tokens), layer, 0)
    return layer


def pattern_of(detector: types.ModuleType, metric: str, tokens: list[str]) -> NDArray[np.float32]:
    """What the detector draws for these tokens, ``[query, key]``."""
    ids = torch.tensor([[ord(token) for token in tokens]])
    draw: Callable[[torch.Tensor], torch.Tensor] = getattr(detector, HEADS[metric])
    return np.asarray(draw(ids).numpy(), np.float32)


def scores(
    detector: types.ModuleType, layer: LayerAttention, pattern: NDArray[np.float32], measure: str
) -> NDArray[np.float64]:
    """The detector's score of every head."""
    compute = detector.compute_head_attention_similarity_score
    options = {"exclude_bos": False, "exclude_current_token": False, "error_measure": measure}
    return np.array(
        [
            compute(torch.from_numpy(np.array(head)), torch.from_numpy(pattern), **options)
            for head in layer.weights
        ]
    )


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("metric", list(HEADS))
def test_our_metric_is_their_mul_score_per_row_that_can_have_the_pattern(
    detector: types.ModuleType, metric: str, text: str
) -> None:
    """Theirs divides by all rows, also those without such a token; ours by the rows that have one."""
    tokens = list(text)
    pattern = pattern_of(detector, metric, tokens)
    rows = int(pattern.any(axis=1).sum())
    for seed in range(5):
        layer = causal_layer(tokens, seed)
        ours = METRICS[metric](layer)
        theirs = scores(detector, layer, pattern, "mul")
        if rows == 0:
            assert np.isnan(ours).all()
            assert (theirs == 0).all()
        else:
            assert ours == pytest.approx(theirs * len(tokens) / rows, abs=1e-6)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("metric", list(HEADS))
def test_our_cells_are_theirs(detector: types.ModuleType, metric: str, text: str) -> None:
    """One head per cell that has all its weight there scores above nothing in both or in neither."""
    tokens = list(text)
    pattern = pattern_of(detector, metric, tokens)
    size = len(tokens)
    counted = informative_rows(causal_layer(tokens, 0))[0]
    for key in range(size):
        weights = np.tril(np.full((size, size), 1e-3, np.float32))
        weights[np.arange(size) >= key, key] = 1
        layer = LayerAttention((weights / weights.sum(axis=1, keepdims=True))[None], mask="causal")
        label_layer(TokenAxes(tokens), layer, 0)
        [ours] = METRICS[metric](layer)
        expected = (layer.weights[0] * pattern)[counted & pattern.any(axis=1)].sum(axis=1)
        assert ours == pytest.approx(expected.mean(), abs=1e-6) if len(expected) else np.isnan(ours)


def test_their_abs_score_is_another_measure_and_ranks_a_planted_head_first_as_ours_does(
    detector: types.ModuleType,
) -> None:
    """``abs`` also counts weight that lies elsewhere, so its numbers are not ours; the best head is."""
    tokens = list(TEXTS[-1])
    for metric in HEADS:
        pattern = pattern_of(detector, metric, tokens)
        layer = causal_layer(tokens, 7)
        rows = pattern.any(axis=1)
        share = pattern[rows] / pattern[rows].sum(axis=1, keepdims=True)
        layer.weights[1, rows] = 0.1 * layer.weights[1, rows] + 0.9 * share
        ours, mul, absolute = (
            METRICS[metric](layer),
            scores(detector, layer, pattern, "mul"),
            scores(detector, layer, pattern, "abs"),
        )
        assert ours.argmax() == mul.argmax() == absolute.argmax() == 1
        assert np.abs(absolute - ours).max() > 0.1
