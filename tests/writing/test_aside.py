"""Small layers are encoded by the writing thread: the same record, refusals and scalars as if they were in the call."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from logs.random_attention import softmax_weights, token_list
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.utils.tensorboard import SummaryWriter

from tensorboard_plugin_attn import AttentionReader, AttentionWriter, LayerAttention
from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.measuring.head_metrics import METRICS
from tensorboard_plugin_attn.record.tokens import TokenAxes
from tensorboard_plugin_attn.writing import draft as drafts
from tensorboard_plugin_attn.writing.aside import Aside, Labelled, Rooms
from tensorboard_plugin_attn.writing.draft import Draft

TOKENS = [*token_list(11), token_list(1)[0]]
WRITING = "attention-writer"


def weights(step: int) -> np.ndarray:
    return np.stack([softmax_weights(3, 12, 12, 100 * step + layer) for layer in range(2)])


def all_of(logdir: Path) -> dict[str, Any]:
    """Everything that is read back."""
    reader = AttentionReader(logdir)
    found: dict[str, Any] = {}
    for tag in ("p", "q"):
        series = reader.metrics(".", tag)
        found[tag] = series.names, series.steps, series.values
        for step in series.steps:
            found[f"{tag} {step}"] = [layer.weights for layer in reader.read(".", tag, step).layers]
    return found


def log(logdir: Path, **options: Any) -> None:
    """Two tags, one of them with pairs, steps that come again, and another text."""
    with AttentionWriter(logdir, **options) as writer:
        for step in (0, 3, 5, 5, 4, 8):
            writer.add_attention("p", weights(step), TOKENS, step, track={"a": (3, 0)})
            writer.add_attention("q", weights(step + 1), TOKENS, step, queries=[2, 5])
        writer.add_attention("p", weights(9), [*TOKENS[:-1], "new"], 9, track={"a": (3, 0)})


WAYS: list[tuple[str, dict[str, Any]]] = [
    ("as codes", {}),
    ("as floats", {"precision": "float32"}),
    ("some metrics", {"metrics": ["entropy", "change_previous"]}),
]


@pytest.mark.parametrize("options", [each for _, each in WAYS], ids=[name for name, _ in WAYS])
def test_records_are_what_the_call_itself_would_have_encoded(options: dict[str, Any], tmp_path: Path) -> None:
    log(tmp_path / "later", **options)
    log(tmp_path / "at once", max_queue_bytes=1, **options)
    later, at_once = all_of(tmp_path / "later"), all_of(tmp_path / "at once")
    assert later.keys() == at_once.keys()
    for name, found in at_once.items():
        for one, other in zip(later[name], found, strict=True):
            np.testing.assert_array_equal(one, other, err_msg=name)


def encoding_threads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The threads in which layers are encoded from here on."""
    seen: list[str] = []
    encode = drafts.encode_layer

    def watched(*args: Any, **kwargs: Any) -> Any:
        seen.append(threading.current_thread().name)
        return encode(*args, **kwargs)

    monkeypatch.setattr(drafts, "encode_layer", watched)
    return seen


def test_the_calling_thread_encodes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = encoding_threads(monkeypatch)
    with AttentionWriter(tmp_path) as writer:
        writer.add_attention("p", weights(0), TOKENS, 0)
    assert seen == [WRITING] * 2


def test_your_own_metrics_run_in_the_call(tmp_path: Path) -> None:
    seen: list[threading.Thread] = []

    def own(layer: Any) -> Any:
        seen.append(threading.current_thread())
        return layer.weights.max(axis=(1, 2))

    with AttentionWriter(tmp_path, metrics={"own": own}) as writer:
        writer.add_attention("p", weights(0), TOKENS, 0)
        assert seen == [threading.current_thread()] * 2


GIVEN: list[tuple[str, Callable[[], Any], Callable[[Any], Any]]] = [
    ("numpy", lambda: weights(0), lambda given: given.fill(0)),
    ("a list", lambda: list(weights(0)), lambda given: [each.fill(0) for each in given]),
    ("float64", lambda: weights(0).astype(np.float64), lambda given: given.fill(0)),
    ("torch", lambda: torch.tensor(weights(0)), lambda given: given.zero_()),
    ("with a batch axis", lambda: [torch.tensor(each[None]) for each in weights(0)], lambda given: given[0].zero_()),
]  # fmt: skip


@pytest.mark.parametrize(("make", "change"), [each[1:] for each in GIVEN], ids=[each[0] for each in GIVEN])
def test_what_is_done_to_the_weights_after_the_call_is_not_logged(
    make: Callable[[], Any], change: Callable[[Any], Any], tmp_path: Path
) -> None:
    held = Held()
    with AttentionWriter(tmp_path, precision="float32") as writer:
        held.hold(writer)
        given = make()
        writer.add_attention("p", given, TOKENS, 0)
        change(given)
        held.go(writer)
    layers = AttentionReader(tmp_path).read(".", "p", 0).layers
    np.testing.assert_allclose(np.stack([layer.weights for layer in layers]), weights(0), atol=1e-7)


class Held:
    """A writing thread that waits at its first record until it may go."""

    def __init__(self) -> None:
        self.gate = threading.Event()

    def hold(self, writer: AttentionWriter) -> None:
        run = writer.queue.run

        def held(job: Any) -> None:
            assert self.gate.wait(20)
            run(job)

        writer.queue.run = held  # type: ignore[method-assign]

    def go(self, writer: AttentionWriter) -> None:
        self.gate.set()
        writer.flush()


def test_memory_is_taken_again_only_when_its_map_is_encoded() -> None:
    rooms, one, other = Rooms(), softmax_weights(1, 4, 4, 0), softmax_weights(1, 4, 4, 1)
    copy = rooms.copy(one)
    assert not np.shares_memory(copy, one)
    assert not np.shares_memory(rooms.copy(other), copy)
    rooms.give(copy)
    again = rooms.copy(other)
    assert np.shares_memory(again, copy)
    np.testing.assert_array_equal(again, other)


def test_what_waits_is_bounded_by_half_of_the_queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, held = encoding_threads(monkeypatch), Held()
    size = 1.25 * weights(0).nbytes
    with AttentionWriter(tmp_path, metrics=["entropy"], max_queue_bytes=int(6 * size)) as writer:
        held.hold(writer)
        for step in range(6):
            writer.add_attention("p", weights(step), TOKENS, step)
            assert writer.queue.pending_bytes <= writer.queue.max_bytes
        assert len(seen) == 2 * 3, "three of six wait as they are, the others were encoded in the call"
        held.go(writer)
    assert AttentionReader(tmp_path).metrics(".", "p").steps.tolist() == list(range(6))


def test_a_record_that_cannot_wait_is_compared_with_those_that_do(tmp_path: Path) -> None:
    held = Held()
    with AttentionWriter(tmp_path / "later") as writer:
        held.hold(writer)
        for step in range(4):
            if step == 3:
                writer.queue.failing = True  # so that nothing more waits
            writer.add_attention("p", weights(step), TOKENS, step)
        held.go(writer)
    with AttentionWriter(tmp_path / "at once", max_queue_bytes=1) as writer:
        for step in range(4):
            writer.add_attention("p", weights(step), TOKENS, step)
    later, at_once = (
        AttentionReader(tmp_path / each).metrics(".", "p").values for each in ("later", "at once")
    )
    np.testing.assert_array_equal(later, at_once)


def test_what_fails_in_the_thread_is_told_and_counted_and_logging_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode, fails = drafts.encode_layer, [True]

    def failing(*args: Any, **kwargs: Any) -> Any:
        if fails[0]:
            raise MemoryError("no room")
        return encode(*args, **kwargs)

    monkeypatch.setattr(drafts, "encode_layer", failing)
    held = Held()
    with AttentionWriter(tmp_path) as writer:
        held.hold(writer)
        writer.add_attention("p", weights(0), TOKENS, 0)
        with pytest.warns(RuntimeWarning, match=r"cannot write .*MemoryError\('no room'\)"):
            held.go(writer)
        fails[0] = False
        writer.add_attention("p", weights(1), TOKENS, 1)
        writer.add_attention("p", weights(2), TOKENS, 2)
        with pytest.warns(RuntimeWarning, match="2 of 3 records written, 1 lost"):
            writer.close()
    series = AttentionReader(tmp_path).metrics(".", "p")
    assert list(series.steps) == [1, 2]
    column = series.values[..., series.names.index("change_previous")]
    assert np.isnan(column[0]).all(), "what it was to be compared with is not there"
    assert not np.isnan(column[1]).any()


class InterruptedOnce(deque[Labelled]):
    """Layers that wait; the first is not let go of when it was encoded."""

    is_done = False

    def popleft(self) -> Labelled:
        if not self.is_done:
            self.is_done = True
            raise KeyboardInterrupt
        return super().popleft()


def test_an_interrupt_leaves_each_layer_encoded_once() -> None:
    draft = Draft(TokenAxes(TOKENS), METRICS, "uint8", 1 << 20, aside=Aside(1 << 20))
    draft.waiting = InterruptedOnce()
    for each in weights(0):
        draft.add(LayerAttention(each))
    draft.finish()
    with pytest.raises(KeyboardInterrupt):
        draft.settle()
    draft.settle()
    assert len(draft.layers) == len(draft.masks) == 2
    assert not draft.waiting


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("a pair that is nowhere", {"track": {"a": ("no", 0)}}, "track 'a'"),
    ("a token that stands twice", {"track": {"a": (TOKENS[0], 0)}}, "stands at positions 0, 11"),
    ("a query that is not there", {"queries": [99]}, "queries must be positions"),
    ("a name that is taken", {"track": {"entropy": (0, 1)}}, "a name must be a string that no metric has"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "message"), [each[1:] for each in REFUSED], ids=[each[0] for each in REFUSED]
)
def test_what_is_refused_is_refused_in_the_call(
    options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with AttentionWriter(tmp_path) as writer, pytest.raises(InvalidRecordError, match=message):
        writer.add_attention("p", weights(0), TOKENS, 0, **options)
    assert not list(tmp_path.rglob("*.safetensors"))


def test_scalars_are_in_the_event_file_of_a_summary_writer_that_is_closed_at_once(tmp_path: Path) -> None:
    summary_writer = SummaryWriter(tmp_path)
    with AttentionWriter(summary_writer) as writer:
        for step in range(3):
            writer.add_attention("p", weights(step), TOKENS, step)
        summary_writer.close()
    events = EventAccumulator(str(tmp_path)).Reload()
    assert [each.step for each in events.Scalars("attn/p/entropy_mean")] == [0, 1, 2]
    series = AttentionReader(tmp_path).metrics(".", "p")
    means = series.values[..., series.names.index("entropy")].mean(axis=(1, 2))
    np.testing.assert_allclose(
        [each.value for each in events.Scalars("attn/p/entropy_mean")], means, atol=1e-6
    )
    assert set(METRICS) <= set(series.names)


@pytest.mark.parametrize("scalars", ["summary", True, False])
def test_what_has_no_card_is_measured_later_and_the_record_is_the_same(
    scalars: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with AttentionWriter(tmp_path / "directory") as writer:
        for step in range(3):
            writer.add_attention("p", weights(step), TOKENS, step, track={"a": (3, 0)})
    measured: dict[str, set[str]] = {}
    compute = drafts.compute_metrics

    def seen(layer: Any, metrics: Any, *rest: Any) -> Any:
        measured.setdefault(threading.current_thread().name, set()).update(metrics)
        return compute(layer, metrics, *rest)

    monkeypatch.setattr(drafts, "compute_metrics", seen)
    summary_writer = SummaryWriter(tmp_path / "events")
    with AttentionWriter(summary_writer, scalars=scalars) as writer:
        for step in range(3):
            writer.add_attention("p", weights(step), TOKENS, step, track={"a": (3, 0)})
    summary_writer.close()
    expected = {"summary": {"entropy", "max_score"}, True: set(METRICS), False: set()}[scalars]
    assert measured[threading.current_thread().name] == expected
    found, other = (AttentionReader(tmp_path / name).metrics(".", "p") for name in ("events", "directory"))
    assert found.names == other.names
    np.testing.assert_array_equal(found.values, other.values)
    events = EventAccumulator(str(tmp_path / "events"))
    events.Reload()
    assert [event.step for event in events.Tensors("attn/p")] == [0, 1, 2]
    for column, name in enumerate(found.names):
        tag = f"attn/p/{name}_mean"
        assert (tag in events.Tags()["scalars"]) <= (scalars is not False)
        if tag in events.Tags()["scalars"]:
            means = [np.nanmean(step[..., column]) for step in found.values[-2:]]
            np.testing.assert_allclose([event.value for event in events.Scalars(tag)][-2:], means, rtol=1e-5)
