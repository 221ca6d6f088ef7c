"""What names the positions of each stack, and how long its layers are → the axes of a record with several lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from torch import Tensor, nn

from tensorboard_plugin_attn.capturing.inputs.padding import Crop
from tensorboard_plugin_attn.capturing.inputs.placeholders import image_token, own_grids, places_in
from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.record.grids import (
    ImageTokens,
    Known,
    NamedList,
    SoundTokens,
    placeholder_spans,
)
from tensorboard_plugin_attn.record.layer import LayerAttention
from tensorboard_plugin_attn.record.tokens import MAIN, TokenAxes
from tensorboard_plugin_attn.warn import tell

__all__ = [
    "AxisLengths",
    "is_by_stack",
    "is_processor",
    "maker_in",
    "named_axes",
    "named_inputs",
    "text_axes",
]

STACKS = "text", "vision", "audio", "encoder", "decoder"
SOUNDS = "input_features", "input_values"
OfText = Callable[[Any, str, int], TokenAxes]


class AxisLengths:
    """How long the axes of each stack's layers are, counted layer by layer."""

    def __init__(self, layers: Iterable[LayerAttention[Any]] = ()) -> None:
        self.of: dict[str, Counter[int]] = {}
        self.chunked: dict[str, Counter[int]] = {}
        self.cross: tuple[int, int] | None = None
        self.read: Counter[int] = Counter()
        self.asked: list[tuple[str, int, int]] = []
        for layer in layers:
            self.add(layer)

    def add(self, layer: LayerAttention[Any]) -> None:
        """Count a layer: its own stack by its queries, the encoder also by what a decoder looks at."""
        if layer.kind == "cross":
            self.cross = self.cross or (layer.num_queries, layer.num_keys)
            if layer.stack == "decoder" and layer.num_keys not in self.of.get("text", ()):
                self.of.setdefault("encoder", Counter())[layer.num_keys] += 1
            elif layer.stack != "decoder":
                self.read[layer.num_keys] += 1
                self.asked.append((layer.stack, layer.num_queries, layer.num_keys))
            return
        is_square = layer.num_queries == layer.num_keys
        counts = self.of.setdefault(layer.stack, Counter())
        (counts if is_square else self.chunked.setdefault(layer.stack, Counter()))[layer.num_keys] += 1

    @property
    def queries(self) -> int:
        """How many learned queries look at a stack and are none of its positions, or a part of an encoder's; 0: there are none.

        An encoder that a decoder reads has no such queries.
        """
        if "decoder" in self.of:
            return 0
        counts = {
            queries
            for stack, queries, keys in self.asked
            if (own := self.of.get(stack)) and queries not in own and (stack == "encoder" or keys in own)
        }
        return counts.pop() if len(counts) == 1 else 0

    def likely(self, stack: str) -> list[int]:
        """Lengths that a stack's list may have, that of most layers first; of an only stack whatever its name.

        A layer with more keys than queries tells the length where no other does: it may be of chunks.
        """
        found = self.of.get(stack)
        if found is None and stack == "text" and self.read:
            found = self.read
        if found is None:
            others = [name for name in self.of if name not in ("decoder", "text")] or list(self.of)
            stack = others[0] if others else ""
            found = self.of.get(stack, Counter())
        return [length for length, _ in (found or self.chunked.get(stack, Counter())).most_common()]


def is_by_stack(tokens: Any) -> bool:
    """Whether tokens are to be worked out stack by stack: nothing, images, sounds, a processor, or a dict of such."""
    if isinstance(tokens, Mapping):
        return len(tokens) > 1 or any(is_by_stack(each) for each in tokens.values())
    return tokens is None or isinstance(tokens, ImageTokens | SoundTokens) or is_processor(tokens)


def is_processor(tokens: Any) -> bool:
    """What prepares images or sounds, with a tokenizer beside or without."""
    if hasattr(tokens, "convert_ids_to_tokens"):
        return False
    return any(hasattr(tokens, name) for name in ("image_processor", "feature_extractor", "image_mean")) or (
        hasattr(tokens, "sampling_rate") and hasattr(tokens, "feature_size")
    )


def parts_of_processor(tokens: Any) -> tuple[Any, Any]:
    """A processor → its tokenizer and what knows how pixels were made, None each where there is none."""
    makers = (getattr(tokens, "image_processor", None), tokens)
    maker = next((each for each in makers if getattr(each, "image_mean", None) is not None), None)
    return getattr(tokens, "tokenizer", None), maker


def maker_in(tokens: Any) -> Any:
    """The image processor among what names the positions; None where there is none."""
    given = tokens.values() if isinstance(tokens, Mapping) else (tokens,)
    return next((maker for each in given if (maker := parts_of_processor(each)[1]) is not None), None)


def named_inputs(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arrays that a model is called with, by name.

    A picture, or a latent, that has another name or none is ``pixel_values``, states of a text beside it are
    ``encoder_hidden_states``.
    """
    given = {name: each for name, each in kwargs.items() if hasattr(each, "shape")}
    tensors = [each for each in args if isinstance(each, Tensor)]
    unnamed = [each for each in tensors if each.is_floating_point()]
    pictures = [each for each in tensors[:1] if each is args[0] and each.dim() == 4]
    if not any(name in given for name in KNOWN_INPUTS):
        named = [
            each for name, each in given.items() if isinstance(each, Tensor) and not name.endswith(BESIDE)
        ]
        pictures += [each for each in named if each.dim() == 4 and each.is_floating_point()]
    if not pictures:
        return given
    states = [each for each in unnamed if each.dim() == 3]
    beside = {"encoder_hidden_states": states[0]} if len(states) == 1 else {}
    return {"pixel_values": pictures[0], **beside, **given}


BESIDE = "mask", "bias", "embeds", "residual", "residuals"
KNOWN_INPUTS = (
    "pixel_values",
    "pixel_values_videos",
    "input_ids",
    "inputs_embeds",
    "input_features",
    "input_values",
)


def sources_of(tokens: Any, lengths: AxisLengths, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Tokens as they are given → stack → what names its positions; None: nothing does but their numbers.

    Raises:
        InvalidRecordError: a name is no stack's, or only cross-attention was seen.
    """
    if isinstance(tokens, Mapping):
        strangers = [name for name in tokens if name not in STACKS]
        if strangers:
            raise InvalidRecordError(
                f"tokens by stack are of {', '.join(STACKS)}, got {sorted(map(str, strangers))}"
            )
        given = {name: whole_source(name, each) for name, each in tokens.items()}
        images = [each for each in given.values() if isinstance(each, ImageTokens)]
        return given | {name: images[0] for name in lengths.of if scale_of(name) > 1 and images}
    if not lengths.of:
        queries, keys = lengths.cross or (0, 0)
        raise InvalidRecordError(
            f"every layer that was seen looks from one input ({queries} positions) at another ({keys}), and nothing tells "
            f"what they are; pass tokens=(names of the {keys} keys, names of the {queries} queries)"
        )
    stacks = [name for name in lengths.of if name != "decoder"] + ["decoder"] * ("decoder" in lengths.of)
    stacks.sort(key=lambda name: name not in ("text", ""))  # what is read is the main list
    states: tuple[int, ...] = tuple(getattr(inputs.get("encoder_hidden_states"), "shape", ()))
    if "text" not in lengths.of and len(states) == 3 and set(lengths.read) == {int(states[1])}:
        stacks.append("text")  # what a picture is made from, which has no layers of its own
    tokenizer, is_ours = parts_of_processor(tokens)[0], isinstance(tokens, ImageTokens | SoundTokens)
    sources = {
        name: default_source(name, inputs, has_decoder="decoder" in lengths.of) or tokenizer
        for name in stacks
    }
    if is_ours:
        wanted = [name for name, each in sources.items() if isinstance(each, type(tokens))]
        wanted = wanted or [name for name in stacks if name not in ("text", "decoder")] or stacks[:1]
        return sources | {name: tokens for name in sources if name == wanted[0] or scale_of(name) > 1}
    return sources


def whole_source(stack: str, source: Any) -> Any:
    """What names the positions of one stack, a processor being of several."""
    if not is_processor(source):
        return source
    tokenizer = parts_of_processor(source)[0]
    return {"vision": ImageTokens(), "audio": SoundTokens()}.get(stack, tokenizer)


def default_source(stack: str, inputs: Mapping[str, Any], *, has_decoder: bool) -> Any:
    """An image, a sound or None, by the stack's name or by what the model was given."""
    if stack == "audio" or stack.partition("/")[0] == "vision":
        return SoundTokens() if stack == "audio" else ImageTokens()
    if stack in ("text", "decoder") or "input_ids" in inputs:
        return None
    if "pixel_values" in inputs or "pixel_values_videos" in inputs:
        return ImageTokens()
    return SoundTokens() if any(name in inputs for name in SOUNDS) else None


def scale_of(stack: str) -> int:
    """How many patches one position of a later stage stands for in each direction, by the stack's name."""
    number = stack.partition("/")[2]
    return int(number) if number else 1


def described_by(model: nn.Module, stack: str) -> list[Any]:
    """What may know how a stack's positions come about: its own config first."""
    config = getattr(model, "config", None)
    own = {"vision": ("vision_config",), "audio": ("audio_config",), "text": ("text_config",)}
    names = own.get(stack.partition("/")[0], ("encoder", "vision_config", "audio_config"))
    parts = [getattr(config, name, None) for name in names]
    return [each for each in (*parts, config, getattr(model, "patch_embed", None), model) if each is not None]


def named_axes(
    tokens: Any,
    lengths: AxisLengths,
    inputs: Mapping[str, Any],
    *,
    row: int,
    model: nn.Module,
    of_text: OfText,
) -> tuple[TokenAxes, dict[str, NamedList]]:
    """The axes of one input, and by the name of its list what an image or a sound shows.

    Args:
        tokens: see ``is_by_stack``.
        lengths: how long the layers are.
        model: without what wraps it.
        inputs: what the model is called with, by name.
        of_text: what names a text's positions, its stack and its length → its axes.

    Raises:
        InvalidRecordError: nothing tells how a stack's positions lie, or a name is no stack's.
    """
    sources = sources_of(tokens, lengths, inputs)
    texts: dict[str, TokenAxes] = {}
    named: dict[str, NamedList] = {}
    for stack, source in sources.items():
        likely = lengths.likely(stack)
        if isinstance(source, ImageTokens | SoundTokens):
            known = Known(0, inputs, row, described_by(model, stack), scale_of(stack))
            try:
                named[stack] = fitting_list(source, likely, known)
                continue
            except InvalidRecordError as error:
                if is_asked_for(tokens, source):
                    raise
                tell(f"positions of the {stack or 'only'} stack are named by their numbers: {error}")
                source = None
        texts[stack] = of_text(source, stack, likely[0] if likely else 0)
    lists = {stack: named[stack].tokens if stack in named else texts[stack].tokens for stack in sources}
    axes = joined(lists, texts, named, list(sources))
    if lengths.queries:
        axes.add_queries([f"[query {number}]" for number in range(lengths.queries)])
    add_placeholders(axes, sources, inputs, row, model)
    for stack, each in named.items():
        if each.guessed:
            tell(f"the {stack or 'only'} stack's {len(each.tokens)} positions were read as {each.guessed}")
    return axes, {axes.stacks[stack]: each for stack, each in named.items()}


def is_asked_for(tokens: Any, source: Any) -> bool:
    """Whether the user said that a stack is an image or a sound."""
    given = tokens.values() if isinstance(tokens, Mapping) else (tokens,)
    return any(each is source for each in given)


def fitting_list(source: Any, likely: list[int], known: Known) -> NamedList:
    """The names of the first length that they fit. Raises InvalidRecordError where they fit none."""
    errors = []
    for length in likely:
        try:
            found: NamedList = source.named(replace(known, length=length))
            return found
        except InvalidRecordError as error:
            errors.append(error)
    raise errors[0] if errors else InvalidRecordError("no layer of that stack was seen")


def joined(
    lists: Mapping[str, list[str]],
    texts: Mapping[str, TokenAxes],
    named: Mapping[str, NamedList],
    stacks: list[str],
) -> TokenAxes:
    """The lists of all stacks as the axes of one record."""
    names = TokenAxes(lists, geometry={}).stacks
    axes = TokenAxes(
        lists,
        geometry={names[stack]: each.spans for stack, each in named.items()},
        special_names={names[stack]: each.special_names for stack, each in named.items() if each.special_names},
        sentence_b_start=texts[stacks[0]].sentence_b_start if stacks[0] in texts else None,
        words=texts[stacks[0]].words if stacks[0] in texts else None,
    )  # fmt: skip
    for stack, each in texts.items():
        axes.specials[names[stack]] = each.special
    for stack, listed in named.items():
        axes.specials[names[stack]][list(listed.special_names)] = True
    if len(lists) == 1:
        axes.stacks |= {"": MAIN}
    return axes


def add_placeholders(
    axes: TokenAxes, sources: Mapping[str, Any], inputs: Mapping[str, Any], row: int, model: nn.Module
) -> None:
    """Spans of the places that a text keeps for the patches of an image."""
    number = image_token(model)
    image = next((each for each in sources.values() if isinstance(each, ImageTokens)), ImageTokens())
    for stack, source in sources.items():
        if isinstance(source, ImageTokens | SoundTokens) or stack == "decoder":
            continue
        token = image.token
        if token is None and number is not None:
            token = placeholder_name(source, number)
        if token is None or token not in axes.lists[axes.stacks[stack]]:
            continue
        name = axes.stacks[stack]
        described = described_by(model, "vision")
        known = Known(0, with_own_grids(inputs, row, number, described), row, described)
        spans = list(placeholder_spans(axes.lists[name], token, known, image.patch_of(known)))
        axes.geometry |= {name: spans} if spans else {}


def with_own_grids(
    inputs: Mapping[str, Any], row: int, number: int | None, described: list[Any]
) -> Mapping[str, Any]:
    """The inputs with the grids of one text's images alone, where those of all texts stand behind each other."""
    listed, places = inputs.get("image_grid_thw"), places_in(inputs.get("input_ids"), number)
    if listed is None or len(places) < 2:
        return inputs
    merge = Known(0, inputs, row, described).number("spatial_merge_size") or 1
    return {**inputs, "image_grid_thw": own_grids(listed, places, row, merge)}


def placeholder_name(source: Any, number: int) -> str:
    """The name of a token by its number, where positions are named by their tokens' numbers too."""
    tokenizer = source if hasattr(source, "convert_ids_to_tokens") else None
    return str(number) if tokenizer is None else str(tokenizer.convert_ids_to_tokens([number])[0])


def text_axes(
    source: Any, stack: str, length: int, inputs: Mapping[str, Any], row: int, crop: Crop
) -> TokenAxes:
    """The axes of a list, of what a tokenizer makes of the ids that were read, or of the numbers of the positions."""
    ids = inputs.get("decoder_input_ids" if stack == "decoder" else "input_ids")
    cropped = crop.decoder if stack == "decoder" else crop.tokens
    if source is not None and not hasattr(source, "convert_ids_to_tokens"):
        is_masked = stack in ("", "decoder") or crop.modality in (
            "",
            stack,
        )  # the mask is of one stack's positions
        return TokenAxes(cropped(source) if is_masked else source)
    numbers = [] if ids is None else list(map(str, ids[min(row, len(ids) - 1)].tolist()))
    read = cropped(numbers) if numbers else []
    if len(read) != length:
        return TokenAxes(list(map(str, range(length))), geometry={})
    if source is None:
        return TokenAxes(read, geometry={})
    return TokenAxes(
        source.convert_ids_to_tokens(list(map(int, read))), special=set(source.all_special_tokens) or None
    )
