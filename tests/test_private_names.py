"""private_names: every name that its owner does not promise to keep is still there, and stands nowhere else."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch.utils.tensorboard import SummaryWriter

import tensorboard_plugin_attn
from tensorboard_plugin_attn import private_names

PACKAGE = Path(tensorboard_plugin_attn.__file__).parent
PRIVATE = re.compile(
    r"torch\._C|\._call_impl|torch\._dynamo|fsdp\._runtime_utils|_local_mapping|_global_mapping|\._get_file_writer\b"
)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.name)
def test_private_names_of_others_stand_in_one_file(path: Path) -> None:
    found = PRIVATE.findall(path.read_text())
    assert bool(found) == (path.name == "private_names.py")


def test_torch_functions_inside_are_not_seen() -> None:
    class Counting(torch.overrides.TorchFunctionMode):
        count = 0

        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            self.count += 1
            return func(*args, **(kwargs or {}))

    with Counting() as mode, private_names.without_torch_functions():
        torch.ones(1) + 1
    assert mode.count == 0


def test_a_backward_pass_is_told_from_a_forward() -> None:
    task, seen = private_names.graph_task(), []
    states = torch.ones(1, requires_grad=True)
    states.register_hook(lambda _: seen.append(task()))
    states.sum().backward()
    assert task() == -1
    assert seen[0] != -1


def test_a_module_that_is_called_stands_in_a_frame_of_this_code() -> None:
    class Seen(torch.nn.Module):
        def forward(self) -> Any:
            frame = sys._getframe(1)
            while frame is not None and frame.f_code is not private_names.module_call():
                frame = frame.f_back  # type: ignore[assignment]  # None behind the outermost
            return None if frame is None else frame.f_locals["self"]

    module = Seen()
    assert module() is module
    with torch.nn.modules.module.register_module_forward_hook(lambda *_: None):
        assert module() is module


def test_a_transform_of_torch_func_is_noticed() -> None:
    seen: list[bool] = []

    def one(x: torch.Tensor) -> torch.Tensor:
        seen.append(private_names.in_transform())
        return x

    torch.vmap(one)(torch.ones(2))
    assert seen == [True]
    assert not private_names.in_transform()


def test_transformers_registry_and_its_own_changes_are_found() -> None:
    import transformers.modeling_utils as owner

    own, shared = private_names.registered_kernels()
    registry = owner.ALL_ATTENTION_FUNCTIONS
    kernel = registry["sdpa"]
    assert shared["sdpa"] is kernel
    own["sdpa"] = print
    try:
        assert registry["sdpa"] is print
        assert type(registry)()["sdpa"] is kernel  # as a model's own registry
    finally:
        del own["sdpa"]
    assert registry["sdpa"] is kernel


def test_fsdp1_still_has_what_reshards() -> None:
    from torch.distributed.fsdp import _runtime_utils

    assert callable(_runtime_utils._reshard)
    with pytest.raises(AttributeError, match="reshard"):
        private_names.reshard_fsdp1(SimpleNamespace(), SimpleNamespace())


def test_a_summary_writer_gives_its_file_writer(tmp_path: Path) -> None:
    with SummaryWriter(str(tmp_path)) as writer:
        assert callable(private_names.file_writer_of(writer).add_summary)
