"""What a probe may be: texts, pairs, chat messages, pictures, sound; what they give with each kind of model and processor."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from models.sharp_models import BART, SMALL
from models.tiny_bert import tiny_tokenizer
from torch import Tensor, nn

from tensorboard_plugin_attn import AttentionReader, AttentionRecord, AttentionWriter
from tensorboard_plugin_attn.integrations.probes import Probes
from tensorboard_plugin_attn.record.spans import patch_names

SOURCE, TARGET = "the doctor asked the nurse .", "the nurse thanked the doctor because he was late ."
LONG = " ".join([SOURCE] * 12)
CHAT = [{"role": "user", "content": SOURCE}, {"role": "assistant", "content": TARGET}]
TEMPLATE = "{% for each in messages %}{{ each['content'] + ' [SEP] ' }}{% endfor %}"
SEQ2SEQ = {
    "BartForConditionalGeneration": {**BART, "decoder_start_token_id": 2},
    "BartModel": {**BART, "decoder_start_token_id": 2},
    "MBartForConditionalGeneration": BART,
    "PLBartForConditionalGeneration": BART,
    "MarianMTModel": {**BART, "decoder_start_token_id": 0},
    "M2M100ForConditionalGeneration": {**BART, "decoder_start_token_id": 3},
    "T5ForConditionalGeneration": {"d_model": 32, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 4, "decoder_start_token_id": 0},
    "T5Model": {"d_model": 32, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 4, "decoder_start_token_id": 0},
    "PegasusForConditionalGeneration": {**BART, "decoder_start_token_id": 0},
}  # fmt: skip
SHIFT_BY_THEMSELVES = ("Bart", "MBart", "PLBart")
LIMITED = {  # model: positions its config counts, positions it can read
    "BertModel": ({}, 40),
    "RobertaModel": ({"pad_token_id": 1}, 38),
    "MPNetModel": ({"pad_token_id": 1}, 38),
    "ElectraModel": ({}, 40),
    "OPTForCausalLM": ({"word_embed_proj_dim": 48, "ffn_dim": 64}, 40),
}
PICTURE = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
SOUND = torch.randn(1, 8, 100, generator=torch.Generator().manual_seed(0))
IMAGE = {key: value for key, value in SMALL.items() if key != "vocab_size"} | {
    "image_size": 32,
    "patch_size": 8,
}
PICTURES = {"ViTModel": 17, "DeiTModel": 18, "Dinov2Model": 17, "BeitModel": 17}


def built(name: str, **sizes: Any) -> nn.Module:
    """A small model of transformers by its class's name."""
    kind = getattr(transformers, name)
    config = kind.config_class(**{"vocab_size": len(tiny_tokenizer()), "pad_token_id": 0, **sizes})
    torch.manual_seed(0)
    model: nn.Module = kind(config)
    return model


def logged(directory: Path, model: Any, probe: Any, processor: Any = None, **options: Any) -> AttentionRecord:
    """The record of one probe."""
    with AttentionWriter(directory) as writer:
        Probes({"probe": probe}, {}, **options).log(writer, model, processor, 0)
    return AttentionReader(directory).read(".", "probe", 0)


@pytest.fixture
def tokenizer() -> Any:
    return tiny_tokenizer()


@pytest.fixture
def read(request: pytest.FixtureRequest) -> Iterator[dict[str, Tensor]]:
    """What the decoder's embedding read last."""
    seen: dict[str, Tensor] = {}

    def look(module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        ids = args[0] if isinstance(module, nn.Embedding) and args else None
        if isinstance(ids, Tensor) and ids.dim() == 2 and not ids.is_floating_point():
            seen[str(len(seen))] = ids

    handle = nn.modules.module.register_module_forward_hook(look)
    yield seen
    handle.remove()


@pytest.mark.parametrize("name", SEQ2SEQ)
def test_a_source_and_a_target_are_read_and_named_as_the_model_shifts_them(
    name: str, tokenizer: Any, tmp_path: Path, read: dict[str, Tensor]
) -> None:
    record = logged(tmp_path, built(name, **SEQ2SEQ[name]), (SOURCE, TARGET), tokenizer)
    words = [
        tokenizer.convert_ids_to_tokens(ids[0]) for ids in read.values() if int(ids.max()) < len(tokenizer)
    ]
    assert record.tokens == ["[CLS]", *SOURCE.split(), "[SEP]"]
    assert record.decoder_tokens in words
    assert record.decoder_tokens is not None
    assert record.decoder_tokens[1:] == ["[CLS]", *TARGET.split()]


@pytest.mark.parametrize("name", SEQ2SEQ)
def test_one_text_for_an_encoder_decoder_is_read_twice_or_told(
    name: str, tokenizer: Any, tmp_path: Path
) -> None:
    model = built(name, **SEQ2SEQ[name])
    if name.startswith(SHIFT_BY_THEMSELVES):
        record = logged(tmp_path, model, SOURCE, tokenizer)
        assert record.decoder_tokens is not None
        assert record.decoder_tokens[1:] == record.tokens[:-1]
        return
    with (
        AttentionWriter(tmp_path) as writer,
        pytest.warns(RuntimeWarning, match=r"labels= or decoder_input_ids= .*\(source, target\) pair"),
    ):
        Probes({"probe": SOURCE}, {}).log(writer, model, tokenizer, 0)


@pytest.mark.parametrize(
    ("name", "first"), [("MBartForConditionalGeneration", "late"), ("BartModel", "[CLS]")]
)
def test_labels_name_the_decoders_tokens_as_it_reads_them(
    name: str, first: str, tokenizer: Any, tmp_path: Path
) -> None:
    """mBART's last label, the language code, is what its decoder reads first."""
    ids = tokenizer(SOURCE, return_tensors="pt")["input_ids"]
    labels = torch.tensor([tokenizer.convert_tokens_to_ids(["the", "nurse", "[SEP]", "late"])])
    given = {"labels": labels} if name.startswith("MBart") else {"decoder_input_ids": labels}
    model = built(name, **{**BART, "decoder_start_token_id": 2})
    record = logged(tmp_path, model, {"input_ids": ids, **given}, tokenizer)
    expected = (
        ["late", "the", "nurse", "[SEP]"] if name.startswith("MBart") else ["the", "nurse", "[SEP]", "late"]
    )
    assert record.decoder_tokens == expected


def test_two_sentences_for_a_classifier_stay_a_pair_of_the_encoder(tokenizer: Any, tmp_path: Path) -> None:
    eos = tokenizer.sep_token_id
    model = built(
        "BartForSequenceClassification", **{**BART, "decoder_start_token_id": 2, "eos_token_id": eos}
    )
    record = logged(tmp_path, model, (SOURCE, TARGET), tokenizer)
    assert record.tokens == ["[CLS]", *SOURCE.split(), "[SEP]", *TARGET.split(), "[SEP]"]


@pytest.mark.parametrize("name", LIMITED)
def test_a_text_that_is_too_long_is_cut_and_told(name: str, tokenizer: Any, tmp_path: Path) -> None:
    sizes, limit = LIMITED[name]
    sizes = {**SMALL, "max_position_embeddings": 40, **sizes}
    sizes.pop("vocab_size")
    with pytest.warns(RuntimeWarning, match=f"has 74 tokens and the model reads {limit}"):
        record = logged(tmp_path, built(name, **sizes), LONG, tokenizer)
    assert len(record.tokens) == limit
    assert record.tokens[-1] == "[SEP]"


def test_the_tokenizers_own_limit_counts_too(tokenizer: Any, tmp_path: Path) -> None:
    tokenizer.model_max_length = 16
    with pytest.warns(RuntimeWarning, match="the model reads 16"):
        record = logged(tmp_path, built("BertModel", **{**SMALL, "vocab_size": 100}), LONG, tokenizer)
    assert len(record.tokens) == 16


@pytest.mark.parametrize("probe", [CHAT, {"messages": CHAT}], ids=["a list", "a dict of them"])
def test_chat_messages_are_written_by_the_template(probe: Any, tokenizer: Any, tmp_path: Path) -> None:
    tokenizer.chat_template = TEMPLATE
    model = built("LlamaForCausalLM", **{**SMALL, "vocab_size": 100})
    record = logged(tmp_path, model, probe, tokenizer)
    assert [token for token in record.tokens if token != "[CLS]"][:8] == [*SOURCE.split(), "[SEP]", "the"]


@pytest.mark.parametrize(
    ("probe", "why"),
    [
        (CHAT, "needs a chat template"),
        ([1, 2], "a probe must be a text, a pair of texts, chat messages"),
        (("one", "two", "three"), "a probe must be a text"),
    ],
    ids=["messages without a template", "numbers", "three texts"],
)
def test_what_is_no_probe_is_told(probe: Any, why: str, tokenizer: Any, tmp_path: Path) -> None:
    model = built("LlamaForCausalLM", **{**SMALL, "vocab_size": 100})
    with AttentionWriter(tmp_path) as writer, pytest.warns(RuntimeWarning, match=why):
        Probes({"probe": probe}, {}).log(writer, model, tokenizer, 0)


@pytest.mark.parametrize("name", PICTURES)
def test_patches_of_pictures_are_named_by_their_places(name: str, tmp_path: Path) -> None:
    kind = getattr(transformers, name)
    model = kind(kind.config_class(**IMAGE))
    record = logged(tmp_path, model, {"pixel_values": PICTURE}, transformers.ViTImageProcessor())
    assert len(record.tokens) == PICTURES[name]
    assert record.tokens[-16:] == patch_names(4, 4)
    assert len(record.layers) == SMALL["num_hidden_layers"]


def test_tokens_name_the_positions_of_all_probes_or_of_each(tmp_path: Path) -> None:
    model = transformers.ViTModel(transformers.ViTConfig(**IMAGE))
    names = ["[CLS]", *[f"patch {number}" for number in range(16)]]
    for number, tokens in enumerate((names, {"probe": names})):
        record = logged(tmp_path / str(number), model, {"pixel_values": PICTURE}, tokens=tokens)
        assert record.tokens == names


@pytest.mark.parametrize("given", ["labels", "decoder_input_ids"])
def test_sound_is_timed_and_what_is_said_has_its_tokens(given: str, tokenizer: Any, tmp_path: Path) -> None:
    sizes = {**BART, "num_mel_bins": 8, "max_source_positions": 50, "max_target_positions": 30}
    model = built("WhisperForConditionalGeneration", **sizes, decoder_start_token_id=2)
    said = tokenizer(SOURCE, return_tensors="pt", add_special_tokens=False)["input_ids"]

    class Processor:  # as WhisperProcessor, which downloads its tokenizer
        def __init__(self) -> None:
            self.tokenizer, self.feature_extractor = tokenizer, transformers.WhisperFeatureExtractor(8)

    record = logged(tmp_path, model, {"input_features": SOUND, given: said}, Processor())
    assert record.tokens == [f"{frame * 0.02:.2f}s" for frame in range(50)]
    words = SOURCE.split()
    assert record.decoder_tokens == (["[CLS]", *words[:-1]] if given == "labels" else words)


def test_a_text_for_a_feature_extractor_is_told(tmp_path: Path) -> None:
    model = built("BertModel", **SMALL | {"vocab_size": 100})
    why = "needs a tokenizer .ViTImageProcessor.*has none"
    with AttentionWriter(tmp_path) as writer, pytest.warns(RuntimeWarning, match=why):
        Probes({"probe": SOURCE}, {}).log(writer, model, transformers.ViTImageProcessor(), 0)


class TakesOneDict(nn.Module):
    """Takes its features as one dict, as sentence-transformers' models do."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.pooling, self.inside = nn.Linear(48, 4), model

    def forward(self, features: dict[str, Tensor], **options: Any) -> Any:
        features["embedding"] = self.pooling(self.inside(features["input_ids"]).last_hidden_state[:, 0])
        return features


@pytest.mark.parametrize("name", ["BertModel", "ElectraModel", "RobertaModel"])
def test_a_model_that_takes_a_dict_is_probed_inside(name: str, tokenizer: Any, tmp_path: Path) -> None:
    model = TakesOneDict(built(name, **{**SMALL, "vocab_size": 100, "max_position_embeddings": 64}))
    record = logged(tmp_path, model, SOURCE, tokenizer)
    assert (len(record.layers), record.tokens[1]) == (3, "the")


def test_sentence_transformers_are_probed_with_their_own_tokenizer(tmp_path: Path) -> None:
    sentence_transformers = pytest.importorskip("sentence_transformers")
    from models.tiny_bert import save_tiny_bert

    folder = save_tiny_bert(tmp_path / "bert")
    model = sentence_transformers.SentenceTransformer(str(folder), device="cpu")
    record = logged(tmp_path / "log", model, SOURCE, model.tokenizer)
    assert (len(record.layers), record.tokens[1]) == (3, "the")
