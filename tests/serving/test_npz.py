"""The npz of one record: what AttentionReader reads, opened by numpy without pickle."""

from __future__ import annotations

import argparse
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from logs.random_attention import softmax_weights
from logs.small_log import LAYERS, TOKENS, log_grouped_vectors, log_run, strip_to_metrics
from numpy.typing import NDArray
from tensorboard.plugins import base_plugin
from werkzeug.test import Client, TestResponse

from tensorboard_plugin_attn import AttentionReader, AttentionRecord, AttentionWriter, LayerAttention
from tensorboard_plugin_attn.loader import AttnLoader


def export(logdir: Path, tag: str = "probe", step: int = 0, **query: str) -> TestResponse:
    """The answer of the route ``export``."""
    flags = argparse.Namespace(logdir=str(logdir), logdir_spec="", reload_interval=0)
    plugin = AttnLoader().load(base_plugin.TBContext(flags=flags, logdir=str(logdir)))
    assert plugin.listing.walked.wait(20)
    where = {"run": "run", "tag": tag, "step": str(step), "format": "npz", **query}
    answer = Client(plugin.get_plugin_apps()["/export"]).get("/export", query_string=where)
    plugin.listing.stop()
    return answer


def arrays(answer: TestResponse) -> dict[str, NDArray[Any]]:
    """Its arrays by name."""
    assert (answer.status_code, answer.content_type) == (200, "application/octet-stream")
    with np.load(io.BytesIO(answer.data), allow_pickle=False) as file:
        return dict(file)


@pytest.mark.parametrize("precision", ["uint8", "float16", "float32"])
def test_its_weights_are_those_of_the_reader(tmp_path: Path, precision: str) -> None:
    log_run(tmp_path / "run", precision=precision)
    found = arrays(export(tmp_path, step=1))
    record = AttentionReader(tmp_path).read("run", "probe", 1)
    for number, layer in enumerate(record.layers):
        weights = found[f"layer.{number}.weights"]
        assert weights.dtype == np.float32
        assert np.array_equal(weights, layer.weights)
    assert found["tokens"].tolist() == TOKENS
    assert (str(found["tag"]), int(found["step"])) == ("probe", 1)
    assert found["layer_names"].tolist() == [layer.name for layer in record.layers]


def test_it_has_what_turns_query_and_key_into_weights(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    query, key = rng.normal(size=(2, 2, 4, 3)).astype(np.float32)
    raised = np.exp(query @ key.transpose(0, 2, 1) * 0.5)
    layer = LayerAttention(
        raised / raised.sum(-1, keepdims=True), query=query, key=key, scale=0.5, heads=[4, 7], mask="full"
    )
    with AttentionWriter(tmp_path / "run", precision="float32") as writer:
        writer.add_record("probe", AttentionRecord([layer], ["[CLS]", "a", "b", "c"], sentence_b_start=2), 0)
    found = arrays(export(tmp_path))
    scores = found["layer.0.query"] @ found["layer.0.key"].transpose(0, 2, 1) * found["layer.0.scale"]
    rebuilt = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    np.testing.assert_allclose(rebuilt, found["layer.0.weights"], atol=1e-6)
    assert found["layer.0.heads"].tolist() == [4, 7]
    assert found["layer_masks"].tolist() == ["full"]
    assert (found["special_tokens"].tolist(), int(found["sentence_b_start"])) == ([0], 2)


def test_it_has_the_head_metrics_with_their_names(tmp_path: Path) -> None:
    log_run(tmp_path / "run")
    found = arrays(export(tmp_path, step=2))
    series = AttentionReader(tmp_path).metrics("run", "probe")
    assert found["metric_names"].tolist() == series.names
    assert np.array_equal(found["head_metrics"], series.values[2], equal_nan=True)


def test_it_has_query_and_key_where_they_were_logged(tmp_path: Path) -> None:
    layer = log_grouped_vectors(tmp_path / "run", bias=True)
    found = arrays(export(tmp_path, tag="vectors"))
    for name in ("query", "key", "bias"):
        assert np.array_equal(found[f"layer.0.{name}"], getattr(layer, name))


def test_both_texts_of_a_translation_are_in_it(tmp_path: Path) -> None:
    layer = LayerAttention(softmax_weights(2, 3, 2), kind="cross", stack="decoder")
    with AttentionWriter(tmp_path / "run") as writer:
        writer.add_record("probe", AttentionRecord([layer], ["a", "b"], decoder_tokens=["x", "y", "z"]), 0)
    found = arrays(export(tmp_path))
    assert (found["tokens"].tolist(), found["decoder_tokens"].tolist()) == (["a", "b"], ["x", "y", "z"])
    assert (found["layer_kinds"].tolist(), found["layer_stacks"].tolist()) == (["cross"], ["decoder"])


def test_tokens_are_the_ones_that_were_logged_whatever_they_hold(tmp_path: Path) -> None:
    tokens = ["</script>", "\ud83d", "\x00\x07", "שלום", "x" * 10_000, ""]
    with AttentionWriter(tmp_path / "run") as writer:
        writer.add_attention("probe", softmax_weights(1, 6, 6)[None], tokens, 0)
    assert arrays(export(tmp_path))["tokens"].tolist() == tokens


def test_a_step_of_metrics_alone_has_no_weights(tmp_path: Path) -> None:
    log_run(tmp_path / "run", steps=[4])
    (path,) = (tmp_path / "run").rglob("*.safetensors")
    strip_to_metrics(path)
    found = arrays(export(tmp_path, step=4))
    assert not [name for name in found if name.endswith(".weights")]
    assert found["head_metrics"].shape[0] == LAYERS


def test_a_damaged_file_is_told_and_a_foreign_format_refused(tmp_path: Path) -> None:
    log_run(tmp_path / "run")
    assert b"html or npz, got 'mat'" in export(tmp_path, format="mat").data
    path = next(tmp_path.rglob("*000001.safetensors"))
    content = bytearray(path.read_bytes())
    content[-1] ^= 255
    path.write_bytes(content)
    assert export(tmp_path, step=1).status_code == 422


def test_nothing_in_it_is_an_object(tmp_path: Path) -> None:
    log_run(tmp_path / "run")
    with zipfile.ZipFile(io.BytesIO(export(tmp_path).data)) as archive:
        assert archive.testzip() is None
        assert {Path(name).suffix for name in archive.namelist()} == {".npy"}
