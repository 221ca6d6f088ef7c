"""What a capture can hardly do without: each part added to the one before, against a plain forward in evaluation mode.

The models of ``bench_capture``, one thread, processor time, medians of alternating runs. Nothing is followed and nothing is
handed on in the parts: what the last row has more is what finding and naming the layers costs.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from bench_capture import HEADS, WIDTH, model_of, plain_forward, probe
from torch.overrides import TorchFunctionMode

from tensorboard_plugin_attn.capturing.calls.checking import row_errors
from tensorboard_plugin_attn.capturing.calls.projecting import projected
from tensorboard_plugin_attn.capturing.watching.names import ModuleNames

ROUNDS = 25
Part = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor], Any]


class Beside(TorchFunctionMode):
    """Computes a part beside every call of attention."""

    def __init__(self, part: Part | None) -> None:
        super().__init__()
        self.part = part

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if func is F.scaled_dot_product_attention and self.part is not None:
            query, key, value = args[:3]
            self.part(query, key, value, result)
        return result


def weights(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, output: torch.Tensor
) -> torch.Tensor:
    """Scores, each row's largest, softmax."""
    zero = query.new_zeros(())
    scores = torch.baddbmm(zero, query[0], key[0].transpose(1, 2), beta=0.0, alpha=query.shape[-1] ** -0.5)
    scores.amax(-1)
    return torch.softmax(scores, -1, out=scores)[None]


def compared(*call: torch.Tensor) -> None:
    """The same, and the output check."""
    row_errors(weights(*call), call[2], call[3], 1e9)


def normed(*call: torch.Tensor) -> None:
    """The same, and the lengths of values behind an output projection."""
    compared(*call)
    projected(call[2], PROJECTION, HEADS)


PROJECTION = torch.ones(WIDTH, WIDTH)


def main() -> None:
    torch.set_num_threads(1)
    for name in ("BERT", "GPT-2"):
        model = model_of(name)
        names = ModuleNames(model)

        def beside(part: Part | None, model: Any = model, names: ModuleNames = names) -> Callable[[], None]:
            def run() -> None:
                with names.watched(), Beside(part):
                    plain_forward(model)

            return run

        ways: dict[str, Callable[[], Any]] = {
            "plain forward": lambda model=model: plain_forward(model),
            "+ hooks and a mode that does nothing": beside(None),
            "+ scores, largest score, softmax": beside(weights),
            "+ output check": beside(compared),
            "+ lengths of values behind the output projection": beside(normed),
            "a capture, output check and lengths on": lambda model=model: probe(model),
        }
        seconds: dict[str, list[float]] = {way: [] for way in ways}
        for number in range(ROUNDS + 2):
            for way in ways if number % 2 else reversed(ways):
                before = time.thread_time()
                ways[way]()
                seconds[way].append(time.thread_time() - before)
        plain = seconds["plain forward"][2:]
        for way, found in seconds.items():
            times = statistics.median(a / b for a, b in zip(found[2:], plain, strict=True))
            print(f"{name}: {way} | {times:.2f} × | {statistics.median(found[2:]) * 1e3:.1f} ms", flush=True)


if __name__ == "__main__":
    main()
