"""A model's modules while they run → the name of the innermost one, its stack and its head count."""

from __future__ import annotations

import functools
import re
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

from torch import nn

from tensorboard_plugin_attn.capturing.inputs.windows import Windows, windows_of
from tensorboard_plugin_attn.private_names import graph_task, module_call

__all__ = ["GRAPH_TASK", "ModuleNames", "model_heads", "unwrap"]

WRAPPERS = re.compile(
    r"(^|\.)(_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module|_forward_module)(?=\.|$)"
)
HEAD_COUNTS = (
    "num_heads",
    "num_attention_heads",
    "n_heads",
    "n_head",
    "nhead",
    "num_head",
    "nheads",
    "heads",
    "h",
    "nh",
)
STACKS = {
    "decoder": re.compile(r"(^|_)(dec|decoder|decoders)(_|\d|$)"),
    "vision": re.compile(r"(^|_)(vision|visual|image|img|vit)(_|$)"),
    "audio": re.compile(r"(^|_)(audio|speech)(_|$)"),
    "text": re.compile(r"(^|_)(text|language)(_|$)"),
    "encoder": re.compile(r"(^|_)(enc|encoder|encoders)(_|\d|$)"),
}


def unwrap(model: nn.Module) -> nn.Module:
    """The module to call for a probe: without torch.compile's and DDP's wrappers; FSDP's are kept."""
    while True:
        inner = getattr(model, "_orig_mod", None)
        if inner is None and type(model).__name__ in DATA_PARALLEL:
            inner = getattr(model, "module", None)
        if not isinstance(inner, nn.Module):
            return model
        model = inner


DATA_PARALLEL = ("DistributedDataParallel", "DataParallel", "DeepSpeedEngine")


class ModuleNames:
    """The modules that run in this thread, read off its frames where they are asked for.

    ``before``: those that ran already when the model began to be watched. ``multihead``: the heads of the nn.MultiheadAttention inside which calls are seen; None outside.
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.before: list[nn.Module] = []
        self.names: dict[int, str] = {}
        self.modules: list[nn.Module] = []
        self.parents: set[str] = set()
        self.thread = threading.get_ident()
        self.multihead: int | None = None
        self.on_model: Callable[[tuple[Any, ...], dict[str, Any]], None] | None = None
        self.refresh()

    def refresh(self) -> None:
        """Read the names again: a model may swap its own submodules while it runs."""
        named = parts_of(self.model)
        self.modules = [module for _, module in named]
        self.names = {id(module): plain_name(name) for name, module in named}
        self.parents = {self.names[id(module)] for module in self.modules if module._modules}
        for known in ("pairs", "several"):
            self.__dict__.pop(known, None)

    @functools.cached_property
    def pairs(self) -> list[str]:
        """Decoders with an encoder beside them."""
        return [
            each
            for each in self.parents
            if each.endswith("decoder") and f"{each[:-7]}encoder" in self.parents
        ]

    @functools.cached_property
    def several(self) -> bool:
        """Whether the model has more stacks than one."""
        return len({self.named_stack(each) for each in self.parents} - {""}) > 1

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Follow the modules inside; hooks are process-wide, and what another thread runs is not looked at."""
        self.thread, self.before = threading.get_ident(), calling()
        handle = self.model.register_forward_pre_hook(self.begin, with_kwargs=True, prepend=True)
        try:
            yield
        finally:
            handle.remove()

    def begin(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any] | None = None) -> None:
        """A hook that comes or goes while another thread calls the model may be called without ``kwargs``."""
        if self.on_model is not None and threading.get_ident() == self.thread:
            self.on_model(args, {} if kwargs is None else kwargs)

    @property
    def running(self) -> list[nn.Module]:
        """The modules that this thread calls now, outermost first."""
        found = calling()
        alike = 0
        while alike < min(len(found), len(self.before)) and found[alike] is self.before[alike]:
            alike += 1
        return found[alike:]

    @property
    def name(self) -> str:
        """Dotted name of the innermost running module that the model knows."""
        return self.name_of(self.innermost)

    @property
    def innermost(self) -> list[nn.Module]:
        """The innermost module that this thread calls now, if the model knows it; else all that run, outermost first."""
        frame: FrameType | None = sys._getframe()
        while frame is not None and frame.f_code is not MODULE_CALL:
            frame = frame.f_back
        if frame is None:
            return []
        module = frame.f_locals["self"]
        is_known = id(module) in self.names and module not in self.before
        return [module] if is_known else self.running

    def name_of(self, running: Sequence[nn.Module]) -> str:
        """The same of the modules that run."""
        if running and id(running[-1]) not in self.names:
            self.refresh()
        return next((self.names[id(one)] for one in reversed(running) if id(one) in self.names), "")

    def windows(self, running: Sequence[nn.Module]) -> list[Windows]:
        """What the running modules say of windows over an image, the outermost first."""
        frames = calls()[-len(running) :] if running else []
        found = (windows_of(each.f_locals["self"], each.f_locals["args"]) for each in frames)
        return [each for each in found if each is not None]

    def stack(self, name: str) -> str:
        """Which stack a module belongs to; empty in a model with only one."""
        return self.named_stack(name) if self.several else ""

    def named_stack(self, name: str) -> str:
        """The stack that a name tells; of a language model with an encoder beside it, its decoder is one too."""
        stack = stack_in(name)
        is_decoder = stack == "text" and any(f"{name}.".startswith(f"{each}.") for each in self.pairs)
        return "decoder" if is_decoder else stack

    @property
    def heads(self) -> int | None:
        """The head count that the innermost running module with one declares."""
        if self.multihead is not None:
            return self.multihead
        declared = (declared_heads(module) for module in reversed(self.running[-3:]))
        return next((count for count in declared if count is not None), None)


def parts_of(model: nn.Module) -> list[tuple[str, nn.Module]]:
    """``model.named_modules()``, without a generator for every level that each of them comes through."""
    found: list[tuple[str, nn.Module]] = []
    seen: set[nn.Module] = set()
    ahead: list[tuple[str, nn.Module]] = [("", model)]
    while ahead:
        name, module = ahead.pop()
        if module in seen:
            continue
        if type(module).named_modules is not nn.Module.named_modules:  # a class that names its own
            return list(model.named_modules())
        seen.add(module)
        found.append((name, module))
        if module._modules:
            before = f"{name}." if name else ""
            parts = [(before + own, part) for own, part in module._modules.items() if part is not None]
            ahead += reversed(parts)
    return found


@functools.lru_cache(maxsize=1 << 14)
def plain_name(name: str) -> str:
    """A module's name without those of wrappers."""
    return WRAPPERS.sub("", name).strip(".") if "_" in name else name


def calling() -> list[nn.Module]:
    """The modules that this thread calls now, outermost first: each call has a frame."""
    return [frame.f_locals["self"] for frame in calls()]


def calls() -> list[FrameType]:
    """The frames of modules that this thread calls now, outermost first."""
    found: list[FrameType] = []
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code is MODULE_CALL:
            found.append(frame)
        frame = frame.f_back
    found.reverse()
    return found


def model_heads(running: Sequence[nn.Module]) -> int | None:
    """How many heads the innermost running module has, by itself or its config; None where neither says."""
    if not running:
        return None
    declared = declared_heads(running[-1])
    return declared if declared is not None else head_count(heads_in(getattr(running[-1], "config", None)))


def declared_heads(module: nn.Module) -> int | None:
    """How many heads a module says that it has, by itself."""
    counts = (head_count(getattr(module, name, None)) for name in HEAD_COUNTS)
    return next((count for count in counts if count is not None), None)


def head_count(value: Any) -> int | None:
    """A value that counts heads; None where it is something else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def heads_in(config: Any) -> Any:
    """What a configuration says; None where its layers may have different numbers, which transformers raises for."""
    try:
        return getattr(config, "num_attention_heads", None)
    except Exception:  # noqa: BLE001 - a configuration is a user's code too
        return None


def stack_in(name: str) -> str:
    """The stack that the first telling part of a dotted name names; empty when none does."""
    return next((stack for part in name.split(".") if (stack := stack_of(part))), "")


@functools.lru_cache(maxsize=4096)
def stack_of(part: str) -> str:
    """The stack that one part of a name names."""
    return next((stack for stack, pattern in STACKS.items() if pattern.search(part.lower())), "")


GRAPH_TASK = graph_task()
"""Which backward pass runs in this thread; −1 in none."""
MODULE_CALL = module_call()
"""The code that every call of a module runs."""
