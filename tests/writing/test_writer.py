"""AttentionWriter: what it accepts, refuses, replaces, purges, bounds, and who writes at all."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from logs.random_attention import softmax_weights, token_list

from tensorboard_plugin_attn import AttentionReader, AttentionRecord, AttentionWriter, LayerAttention
from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.storing.files import Entry, LocalFiles

TOKENS = token_list(5)
WEIGHTS = np.stack([softmax_weights(2, 5, 5, seed) for seed in range(3)])  # [layer, head, query, key]


def logged(directory: Path, weights: Any, tokens: Sequence[str] = TOKENS, **options: Any) -> AttentionRecord:
    """What is read back of weights that were logged."""
    with AttentionWriter(directory, **options) as writer:
        writer.add_attention("probe", weights, tokens, 7)
    return AttentionReader(directory).read(".", "probe", 7)


@pytest.mark.parametrize(("precision", "error"), [("uint8", 0.00197), ("float16", 2.5e-4), ("float32", 0)])
def test_weights_come_back_within_the_error_of_their_precision(
    precision: str, error: float, tmp_path: Path
) -> None:
    record = logged(tmp_path, WEIGHTS, precision=precision)
    found = np.stack([layer.weights for layer in record.layers])
    assert np.abs(found - WEIGHTS).max() <= error
    assert record.tokens == TOKENS


ACCEPTED: list[tuple[str, Any]] = [
    ("one array", WEIGHTS),
    ("a list of arrays", list(WEIGHTS)),
    ("a tuple of torch tensors with a batch axis", tuple(torch.tensor(layer[None]) for layer in WEIGHTS)),
    ("one array with a batch axis", WEIGHTS[:, None]),
    ("one torch tensor", torch.tensor(WEIGHTS)),
    ("torch tensors with gradients", [torch.tensor(layer, requires_grad=True) for layer in WEIGHTS]),
    ("float64", WEIGHTS.astype(np.float64)),
    ("nested lists", WEIGHTS.tolist()),
    ("a generator", (layer for layer in WEIGHTS)),
]


@pytest.mark.parametrize("weights", [case[1] for case in ACCEPTED], ids=[case[0] for case in ACCEPTED])
def test_weights_of_every_form_are_accepted(weights: Any, tmp_path: Path) -> None:
    record = logged(tmp_path, weights, precision="float32")
    np.testing.assert_array_equal(np.stack([layer.weights for layer in record.layers]), WEIGHTS)


def test_cross_attention_has_tokens_on_both_sides(tmp_path: Path) -> None:
    queries, keys = ["q0", "q1"], ["k0", "k1", "k2"]
    with AttentionWriter(tmp_path) as writer:
        writer.add_attention("cross", [softmax_weights(2, 2, 3)], queries, 0, key_tokens=keys)
    (layer,) = AttentionReader(tmp_path).read(".", "cross", 0).layers
    assert (layer.kind, layer.query_tokens, layer.key_tokens) == ("cross", queries, keys)


def with_entry(value: float) -> np.ndarray:
    weights = WEIGHTS.copy()
    weights[1, 0, 2, 3] = value
    return weights


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    (
        "one layer without its axis",
        {"weights": WEIGHTS[0]},
        r"\[layer, head, query, key\], got an array of shape \(\d+, 5, 5\); of one layer pass \[weights\]",
    ),
    ("a number", {"weights": 3.0}, r"one array \[layer, head, query, key\] or a sequence.*got float"),
    (
        "no layers",
        {"weights": ()},
        r"at least one layer of weights, got an empty sequence.*sdpa.*capture\(model\)",
    ),
    ("None", {"weights": None}, r"at least one layer of weights.*capture\(model\)"),
    (
        "None for layers",
        {"weights": (None, None)},
        r"weights of layers \[0, 1\] are None; .*capture\(model\)",
    ),
    (
        "a batch of 4",
        {"weights": np.stack([WEIGHTS] * 4, axis=1)},
        r"layer 0 has a batch axis of 4; a record holds one",
    ),
    ("NaN", {"weights": with_entry(np.nan)}, r"must be finite, got NaN in layer 1, heads \[0\]; look for"),
    ("inf", {"weights": with_entry(np.inf)}, r"must be finite, got inf in layer 1"),
    (
        "scores",
        {"weights": with_entry(-3)},
        r"must not be negative, got -3 in layer 1; pass weights after softmax",
    ),
    (
        "too few tokens",
        {"tokens": TOKENS[:3]},
        r"layer 0 has 5 query positions but tokens has 3 entries; pass one token",
    ),
    (
        "one string",
        {"tokens": "abcde"},
        r"tokens must be a list of strings, got the one string 'abcde'; split it",
    ),
    ("ids", {"tokens": [1, 2, 3, 4, 5]}, r"tokens must be strings, got int at position 0"),
    ("wrong key tokens", {"key_tokens": ["a"]}, r"layer 0 has 5 key positions but tokens has 1 entries"),
    ("a step of half", {"global_step": 0.5}, r"global_step must be an integer, got 0.5"),
    ("no step", {"global_step": None}, r"global_step must be an integer, got None"),
    ("many steps", {"global_step": np.arange(3)}, r"global_step must be an integer, got array"),
    ("no tag", {"tag": ""}, r"tag must be a non-empty string such as 'doctor/she', got ''"),
    ("a tag of bytes", {"tag": b"a"}, r"tag must be a non-empty string such as 'doctor/she', got b'a'"),
]


@pytest.mark.parametrize(
    ("change", "message"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_bad_input_says_what_was_expected_and_writes_nothing(
    change: dict[str, Any], message: str, tmp_path: Path
) -> None:
    arguments = {"tag": "probe", "weights": WEIGHTS, "tokens": TOKENS, "global_step": 0, **change}
    with AttentionWriter(tmp_path) as writer, pytest.raises(InvalidRecordError, match=message):
        writer.add_attention(**arguments)
    assert list(tmp_path.rglob("*")) == []


BAD_OPTIONS: list[tuple[dict[str, Any], str]] = [
    ({"precision": "int4"}, r"precision must be one of uint8, float16, float32, got 'int4'"),
    ({"metrics": ["entropie"]}, r"unknown metrics \['entropie'\]; known: entropy"),
    ({"purge_step": "ten"}, r"global_step must be an integer, got 'ten'"),
]


@pytest.mark.parametrize(("options", "message"), BAD_OPTIONS)
def test_bad_options_are_refused_when_the_writer_opens(
    options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidRecordError, match=message):
        AttentionWriter(tmp_path, **options)


def test_the_same_step_again_replaces_what_was_logged(tmp_path: Path) -> None:
    with AttentionWriter(tmp_path, precision="float32") as writer:
        writer.add_attention("probe", WEIGHTS, TOKENS, 5)
        writer.add_attention("probe", WEIGHTS[:2], TOKENS, 5)
    reader = AttentionReader(tmp_path)
    assert reader.steps(".", "probe") == [5]
    assert len(reader.read(".", "probe", 5).layers) == 2
    assert len(list(tmp_path.rglob("*.*"))) == 1


def log_steps(directory: Path, steps: Sequence[int], **options: Any) -> AttentionWriter:
    with AttentionWriter(directory, **options) as writer:
        for step in steps:
            writer.add_attention("probe", WEIGHTS, TOKENS, step)
    return writer


def test_purge_step_deletes_later_steps_also_when_nothing_is_written(tmp_path: Path) -> None:
    log_steps(tmp_path / "a", range(0, 50, 10))
    log_steps(tmp_path / "b", [40])
    AttentionWriter(tmp_path / "a", purge_step=20).close()
    reader = AttentionReader(tmp_path)
    assert (reader.steps("a", "probe"), reader.steps("b", "probe")) == ([0, 10], [40])


def test_without_purge_step_a_new_writer_deletes_nothing(tmp_path: Path) -> None:
    log_steps(tmp_path, [0, 10, 20])
    log_steps(tmp_path, [5])
    assert AttentionReader(tmp_path).steps(".", "probe") == [0, 5, 10, 20]


def test_purge_step_zero_deletes_everything_logged_before(tmp_path: Path) -> None:
    log_steps(tmp_path, [0, 10])
    log_steps(tmp_path, [3], purge_step=0)
    assert AttentionReader(tmp_path).steps(".", "probe") == [3]


def test_purge_step_deletes_nothing_behind_links(tmp_path: Path) -> None:
    log_steps(tmp_path / "a", [0, 10])
    far = tmp_path / "far"
    (tmp_path / "a/plugins/attn/probe").rename(far)
    (tmp_path / "a/plugins/attn/probe").symlink_to(far)
    with pytest.warns(RuntimeWarning, match="probe is a link: purge_step deletes nothing"):
        AttentionWriter(tmp_path / "a", purge_step=0).close()
    assert sorted(path.name for path in far.iterdir()) == [
        "000000000000.safetensors",
        "000000000010.safetensors",
    ]


def test_a_relative_directory_is_that_of_when_the_writer_was_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with AttentionWriter("run") as writer:
        (tmp_path / "other").mkdir()
        monkeypatch.chdir(tmp_path / "other")
        writer.add_attention("probe", WEIGHTS, TOKENS, 0)
    assert AttentionReader(tmp_path).runs() == ["run"]


def test_what_is_handed_over_is_what_was_there_at_that_moment(tmp_path: Path) -> None:
    weights, query = WEIGHTS[:1].copy(), np.ones((2, 5, 4), np.float32)
    gate = HeldFiles(tmp_path)
    with AttentionWriter(tmp_path, precision="float32") as writer:
        writer.delivery.files = gate
        layer = LayerAttention(weights[0], query=query, key=query)
        writer.add_record("probe", AttentionRecord([layer], TOKENS), 0)
        weights[:], query[:] = 0, 0
        gate.open.set()
    (found,) = AttentionReader(tmp_path).read(".", "probe", 0).layers
    np.testing.assert_array_equal(found.weights, WEIGHTS[0])
    assert (found.query == 1).all()
    assert (found.key == 1).all()


class HeldFiles(LocalFiles):
    """A disk that writes nothing before ``open`` is set."""

    def __init__(self, root: Path) -> None:
        super().__init__(str(root))
        self.open = threading.Event()

    def write(self, path: str, buffers: Sequence[bytes]) -> None:
        assert self.open.wait(20)
        super().write(path, buffers)


class FullDisk(LocalFiles):
    """A disk without room, until there is."""

    has_room = False

    def write(self, path: str, buffers: Sequence[bytes]) -> None:
        if not self.has_room:
            raise OSError(28, "No space left on device", path)
        super().write(path, buffers)


def test_a_full_disk_drops_counts_tells_once_and_recovers(tmp_path: Path) -> None:
    writer, disk = AttentionWriter(tmp_path), FullDisk(str(tmp_path))
    writer.delivery.files = disk
    with pytest.warns(RuntimeWarning) as told:
        add_steps(writer, [0, 1, 2])
    (message,) = [str(each.message) for each in told]
    assert f"cannot write {tmp_path}/plugins/attn/probe/000000000000.safetensors" in message
    assert "No space left on device" in message
    assert (writer.num_written, writer.num_dropped) == (0, 3)
    disk.has_room = True
    add_steps(writer, [3])
    assert (writer.num_written, writer.num_dropped) == (1, 3)
    assert AttentionReader(tmp_path).steps(".", "probe") == [3]


def add_steps(writer: AttentionWriter, steps: Sequence[int]) -> None:
    """Log, and wait until it is written or dropped."""
    for step in steps:
        writer.add_attention("probe", WEIGHTS, TOKENS, step)
    writer.flush()


def test_a_directory_that_cannot_be_made_is_told_once_and_works_when_it_can(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file where the run's directory should be")
    writer = AttentionWriter(tmp_path / "run")
    with pytest.warns(RuntimeWarning, match=r"cannot write .*run/plugins/attn/probe/.*training goes on"):
        add_steps(writer, [0, 1])
    (tmp_path / "run").unlink()
    add_steps(writer, [2])
    assert (writer.num_written, writer.num_dropped) == (1, 2)


class NoListing(LocalFiles):
    """A directory that may not be read."""

    def list(self, path: str) -> list[Entry]:
        raise PermissionError(13, "Permission denied", path)


def test_a_directory_that_cannot_be_tidied_is_told_and_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tensorboard_plugin_attn.writing.delivery.open_files", NoListing)
    writer = AttentionWriter(str(tmp_path), purge_step=3)
    with pytest.warns(RuntimeWarning, match=r"cannot tidy .*plugins/attn: PermissionError"):
        add_steps(writer, [0])
    assert AttentionReader(tmp_path).steps(".", "probe") == [0]


def test_warnings_that_are_errors_do_not_stop_training(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with AttentionWriter(tmp_path, max_record_bytes=0) as writer:
        writer.delivery.files = FullDisk(str(tmp_path))
        add_steps(writer, [0])
    assert "No space left on device" in capfd.readouterr().err


def test_a_record_that_is_too_large_keeps_evenly_spaced_layers_and_tells_once(tmp_path: Path) -> None:
    weights = np.stack([softmax_weights(2, 40, 40, seed) for seed in range(8)])
    room = 4 * 3_100 + 8 * 3_300  # as estimated: weights, and what every layer keeps
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with AttentionWriter(tmp_path, max_record_bytes=room) as writer:
            for step in range(3):
                writer.add_attention("probe", weights, token_list(40), step)
            writer.add_attention("other", weights, token_list(40), 0)
    messages = [str(each.message) for each in told]
    assert len(messages) == 2
    assert messages[0].startswith(
        f"'probe' is larger than max_record_bytes={room}: layers [1, 3, 5, 7] keep metrics"
    )
    assert messages[1].startswith("'other' is larger")
    reader = AttentionReader(tmp_path)
    record = reader.read(".", "probe", 2)
    assert [bool(np.isnan(layer.weights).any()) for layer in record.layers] == [False, True] * 4
    assert len(record.tokens) == 40
    assert not np.isnan(reader.metrics(".", "probe").values[..., 0]).any()
    (path,) = tmp_path.glob("plugins/attn/other/*.safetensors")
    assert path.stat().st_size < 1.05 * room


def test_a_small_queue_slows_down_and_loses_nothing(tmp_path: Path) -> None:
    with AttentionWriter(tmp_path, max_queue_bytes=1) as writer:
        add_steps(writer, range(20))
    assert (writer.num_written, writer.num_dropped) == (20, 0)
    assert writer.seconds_waited < 20


def test_leaving_the_with_after_an_error_writes_everything(tmp_path: Path) -> None:
    def train() -> None:
        with AttentionWriter(tmp_path) as writer:
            for step in range(5):
                writer.add_attention("probe", WEIGHTS, TOKENS, step)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train()
    assert AttentionReader(tmp_path).steps(".", "probe") == [0, 1, 2, 3, 4]


def test_a_writer_can_be_used_after_closing(tmp_path: Path) -> None:
    writer = log_steps(tmp_path, [0])
    add_steps(writer, [1])
    writer.close()
    assert AttentionReader(tmp_path).steps(".", "probe") == [0, 1]


def test_several_threads_may_log_at_once(tmp_path: Path) -> None:
    writer = AttentionWriter(tmp_path)

    def log(number: int) -> None:
        for step in range(10):
            writer.add_attention(f"probe{number}", WEIGHTS, TOKENS, step)

    threads = [threading.Thread(target=log, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    reader = AttentionReader(tmp_path)
    assert {tag: len(reader.steps(".", tag)) for tag in reader.tags(".")} == {
        f"probe{n}": 10 for n in range(4)
    }
