"""The same forward again, up to the first head that is left out → the very tensors that it made the last time.

Without heads of one layer, all that comes before it is computed as before. A call is not computed again only where that
is certain: it stands at the same place, is the same function, and its arguments are the same tensors, not written to
since, and equal numbers. Its result is then the tensor of the last time, so that the next call's arguments are the same
again. Any other call runs, and so does all that depends on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from tensorboard_plugin_attn.capturing.probing.undisturbed import device_states
from tensorboard_plugin_attn.capturing.tracing.ops import QUIET
from tensorboard_plugin_attn.private_names import without_torch_functions

__all__ = ["Prefix"]

MOST_BYTES = 512 << 20
"""How much of a forward is kept; what follows is computed each time."""
PLAIN = (torch.Tensor, torch.nn.Parameter)
VALUES = (
    type(None), bool, int, float, complex, str, slice, type(...), torch.Size, torch.dtype, torch.device, torch.layout,
    torch.memory_format,
)  # fmt: skip
FILLED = frozenset(("zeros", "ones", "full"))
ALIASES = frozenset(
    ("data", "numpy", "set_", "data_ptr", "untyped_storage", "storage", "__array__", "__dlpack__")
)
"""What lets a tensor be written to without its version saying so."""


class Entry:
    """One call of the last time: its function, its arguments and result, and the versions of their tensors."""

    def __init__(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], result: Any
    ) -> None:
        self.func, self.args, self.kwargs, self.result = func, args, kwargs, result
        self.given = [version(one) for one in tensors((args, kwargs))]
        self.made = [version(one) for one in tensors(result)]

    def is_of(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Whether this call gives what that one gave."""
        return (
            func == self.func
            and same(args, self.args)
            and same(kwargs, self.kwargs)
            and self.given == [version(one) for one in tensors((args, kwargs))]
            and self.made == [version(one) for one in tensors(self.result)]
        )

    def again(self) -> Any:
        """The result; one that is filled by a kernel which tells no version is made anew where that happened."""
        name = getattr(self.func, "__name__", "")
        if not (name in FILLED or name.startswith("new_") or name.endswith("_like")):
            return list(self.result) if isinstance(self.result, list) else self.result
        with without_torch_functions():
            fresh = self.func(*self.args, **self.kwargs)
            return self.result if torch.equal(fresh, self.result) else fresh


class Prefix(TorchFunctionMode):
    """Keeps what one forward computes until ``end()``, and gives it to the forwards after it until theirs."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[Entry | None] = []
        self.is_kept = self.is_open = False
        self.place = 0
        self.storages: set[int] = set()  # of the tensors that are kept
        self.nbytes = 0
        self.random: list[torch.Tensor] = []

    def __enter__(self) -> Prefix:
        self.place, self.is_open = 0, True
        if not self.is_kept:
            self.random = random_states()
        super().__enter__()  # type: ignore[no-untyped-call] # torch does not type it
        return self

    def __exit__(self, *raised: Any) -> None:
        self.end()
        super().__exit__(*raised)  # type: ignore[no-untyped-call] # torch does not type it

    def end(self) -> None:
        """From here this forward differs, and the next ones do no later."""
        if not self.is_open:
            return
        self.is_open = False
        del self.entries[self.place :]
        if not self.is_kept and not all(map(torch.equal, self.random, random_states())):
            self.entries.clear()
        self.is_kept = True

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if not self.is_open or func in QUIET:
            return func(*args, **kwargs)
        place, self.place = self.place, self.place + 1
        if self.is_kept:
            entry = self.entries[place] if place < len(self.entries) else None
            if entry is None or not entry.is_of(func, args, kwargs):
                return func(*args, **kwargs)
            return entry.again()
        result = func(*args, **kwargs)
        self.keep(func, args, kwargs, result)
        return result

    def keep(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], result: Any
    ) -> None:
        """Note a call of the first forward; None in its place where it is to run each time."""
        name = getattr(func, "__name__", "")
        if name == "__get__":
            name = getattr(getattr(func, "__self__", None), "__name__", "")
        if name in ALIASES:
            self.entries = [None] * len(self.entries)
        made = list(tensors(result))
        is_pure = bool(made) and "empty" not in name
        given = [id(one) for one in tensors((args, kwargs))]
        if (
            is_pure
            and name not in ALIASES
            and is_known((args, kwargs))
            and is_known(result)
            and not any(id(one) in given for one in made)
            and self.has_room(made)
        ):
            self.entries.append(Entry(func, args, kwargs, result))
        else:
            self.entries.append(None)

    def has_room(self, made: list[torch.Tensor]) -> bool:
        """Whether these can be kept too; views of what is kept take nothing."""
        with without_torch_functions():
            storages = [one.untyped_storage() for one in made]
            new = {
                each.data_ptr(): each.nbytes() for each in storages if each.data_ptr() not in self.storages
            }
        if self.nbytes + sum(new.values()) > MOST_BYTES:
            return False
        self.nbytes += sum(new.values())
        self.storages |= new.keys()
        return True


def random_states() -> list[torch.Tensor]:
    """The random states of torch, on every device in use."""
    return [torch.get_rng_state(), *(state for _, states in device_states() for state in states)]


def tensors(value: Any) -> Iterator[torch.Tensor]:
    """All tensors in nested lists, tuples and mappings."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for each in value:
            yield from tensors(each)
    elif isinstance(value, dict):
        yield from tensors(list(value.values()))


def is_known(value: Any) -> bool:
    """Whether a value is only of what can be compared."""
    if isinstance(value, torch.Tensor):
        return type(value) in PLAIN and value.layout is torch.strided
    if type(value) is dict:
        return all(map(is_known, value.values()))
    return isinstance(value, VALUES) or (isinstance(value, list | tuple) and all(map(is_known, value)))


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same tensors and equal numbers."""
    if one is other:
        return True
    if type(one) is not type(other) or isinstance(one, torch.Tensor):
        return False
    if isinstance(one, torch.Size) or not isinstance(one, list | tuple | dict):
        return isinstance(one, VALUES) and bool(one == other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    return len(one) == len(other) and all(map(same, one, other))


def version(tensor: torch.Tensor) -> int:
    """How often a tensor was written to; one made in inference mode is never again."""
    with without_torch_functions():
        return 0 if tensor.is_inference() else tensor._version
