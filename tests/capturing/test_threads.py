"""capture: what another thread calls enters no capture, and captures of two threads put back what they changed."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
import torch
from models.sharp_models import small, token_ids
from torch import nn
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from tensorboard_plugin_attn import capture
from tensorboard_plugin_attn.capturing import probe
from tensorboard_plugin_attn.capturing.watching.names import ModuleNames
from tensorboard_plugin_attn.capturing.watching.process_wide import eager

KERNEL = "attn_tests_thread"


def told(captured: Any) -> list[tuple[Any, ...]]:
    return [(layer.name, layer.kind, layer.stack, layer.mask, layer.mechanism) for layer in captured.layers]


def captured_alone(model: nn.Module) -> Any:
    with torch.no_grad(), capture(model) as captured:
        captured.model(input_ids=token_ids())
    return captured


@contextmanager
def running(action: Callable[[], Any]) -> Iterator[list[Exception]]:
    """Another thread that repeats an action until the block ends; it has run once when the block begins."""
    is_over, has_begun, errors = threading.Event(), threading.Event(), []

    def repeat() -> None:
        while not is_over.is_set():
            try:
                with torch.no_grad():
                    action()
            except Exception as error:  # noqa: BLE001 - the test says which
                errors.append(error)
            has_begun.set()

    thread = threading.Thread(target=repeat)
    thread.start()
    has_begun.wait()
    try:
        yield errors
    finally:
        is_over.set()
        thread.join()


@contextmanager
def opaque() -> Iterator[None]:
    def kernel(module: Any, query: Any, key: Any, value: Any, mask: Any, **options: Any) -> Any:
        groups = query.shape[1] // key.shape[1]
        with torch._C.DisableTorchFunction():
            scores = query @ key.repeat_interleave(groups, 1).mT * options["scaling"]
            future = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
            weights = scores.masked_fill(future, -torch.inf).softmax(-1)
            return (weights @ value.repeat_interleave(groups, 1)).transpose(1, 2).contiguous(), None

    ALL_ATTENTION_FUNCTIONS.register(KERNEL, kernel)
    try:
        yield
    finally:
        del type(ALL_ATTENTION_FUNCTIONS)._global_mapping[KERNEL]


@pytest.mark.parametrize("is_same", [True, False])
def test_another_threads_forward_changes_no_name_and_adds_no_layer(is_same: bool) -> None:
    model = small("llama")
    other = model if is_same else small("bert")
    alone = told(captured_alone(model))
    with running(lambda: other(input_ids=token_ids())) as errors:
        for _ in range(5):
            assert told(captured_alone(model)) == alone
    assert not errors


def test_another_threads_opaque_kernel_enters_no_probe() -> None:
    with opaque():
        model, other = small("llama"), small("llama")
        other.set_attn_implementation(KERNEL)
        with running(lambda: other(input_ids=token_ids())) as errors:
            for _ in range(5):
                result = probe(model, {"input_ids": token_ids()}, on_layer=lambda index, layer: None)
                assert (result.calls, result.left_out) == (3, ())
        assert not errors


@pytest.mark.parametrize("first_leaves_first", [True, False])
def test_two_captures_at_once_are_both_right_and_put_everything_back(first_leaves_first: bool) -> None:
    with opaque():
        models = [small("llama"), small("llama")]
        for model in models:
            model.set_attn_implementation(KERNEL)
        alone = [told(captured_alone(model)) for model in models]
        before = dict(ALL_ATTENTION_FUNCTIONS)
        found: list[Any] = [None, None]
        both_in, leaves = threading.Barrier(2), [threading.Event(), threading.Event()]
        left = [threading.Event(), threading.Event()]

        def run(number: int) -> None:
            with torch.no_grad(), capture(models[number]) as captured:
                both_in.wait()
                captured.model(input_ids=token_ids())
                leaves[number].wait()
            found[number] = told(captured)
            left[number].set()

        threads = [threading.Thread(target=run, args=(number,)) for number in (0, 1)]
        for thread in threads:
            thread.start()
        order = (0, 1) if first_leaves_first else (1, 0)
        for number in order:
            leaves[number].set()
            left[number].wait(60)
        for thread in threads:
            thread.join()
        assert found == alone
        assert dict(ALL_ATTENTION_FUNCTIONS) == before
    assert not nn.modules.module._global_forward_hooks
    assert not nn.modules.module._global_forward_pre_hooks


def test_a_capture_inside_another_one_sees_each_opaque_call_once_for_both() -> None:
    with opaque():
        model = small("llama")
        model.set_attn_implementation(KERNEL)
        before = dict(ALL_ATTENTION_FUNCTIONS)
        with torch.no_grad(), capture(model) as outer, capture(model) as inner:
            inner.model(input_ids=token_ids())
        assert [len(outer.layers), len(inner.layers)] == [3, 3]
        assert dict(ALL_ATTENTION_FUNCTIONS) == before


def test_a_kernel_that_is_registered_meanwhile_stays() -> None:
    with opaque():
        with capture(small("llama")):
            ALL_ATTENTION_FUNCTIONS[KERNEL] = print
        assert ALL_ATTENTION_FUNCTIONS[KERNEL] is print
        del ALL_ATTENTION_FUNCTIONS[KERNEL]


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_compilation_and_warnings_are_as_before_in_whatever_order_threads_leave() -> None:
    compiled = torch.compile(nn.Linear(2, 2))
    modules = list(nn.Sequential(compiled).modules())
    filters = list(warnings.filters)
    stances: list[str] = []

    def stance() -> str:
        from torch._dynamo.eval_frame import _stance

        return str(_stance.stance)

    first, second = ExitStack(), ExitStack()
    first.enter_context(eager(modules))
    second.enter_context(eager(modules))
    first.close()
    stances.append(stance())
    second.close()
    stances.append(stance())
    assert stances == ["force_eager", "default"]
    assert list(warnings.filters) == filters


def test_two_probes_of_one_model_leave_it_in_training() -> None:
    model = small("bert").train()
    inputs = {"input_ids": token_ids()}
    results: list[int] = []

    def run() -> None:
        for _ in range(3):
            results.append(probe(model, inputs, on_layer=lambda index, layer: None).layers)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [3] * 9
    assert all(module.training for module in model.modules())


def test_a_hook_that_comes_while_another_thread_calls_the_model_takes_no_keywords() -> None:
    """torch puts a hook in place first, and notes afterwards that it takes keywords."""
    model = torch.nn.Linear(2, 2)
    names = ModuleNames(model)
    with names.watched():
        model._forward_pre_hooks_with_kwargs.clear()
        assert model(torch.ones(1, 2)).shape == (1, 2)
