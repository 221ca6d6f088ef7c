"""An architecture of transformers → a small configuration of it, built by rules on the names of its settings."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["STRATEGIES", "Strategy", "configs", "small_config"]


@dataclass(frozen=True)
class Strategy:
    """A way of shrinking.

    ``widths``: ``fixed`` sets them, ``divided`` divides them and the heads by one number, so that what belongs
    together still fits, ``kept`` leaves them. ``fills``: settings that are None get a small value too.
    """

    widths: str = "fixed"
    fills: bool = False


STRATEGIES = tuple(
    Strategy(widths, fills) for widths in ("fixed", "divided", "kept") for fills in (False, True)
)

DEPTH_RULES: tuple[tuple[str, Any], ...] = (
    (r"type_vocab_size$", lambda old: old),
    (r"(^|_)vocab_size($|_)", lambda old: min(old, 128)),
    (
        r"(num_hidden_layers|^n_layers?$|num_layers$|encoder_layers$|decoder_layers$|^depth$|^layers$|num_blocks$)",
        2,
    ),
    (r"^(num_local_experts|num_experts|n_routed_experts|moe_num_experts|num_moe_experts)$", 4),
    (r"^(num_experts_per_tok|moe_topk|top_k_experts|moe_k|num_experts_per_token|moe_top_k|topk)$", 2),
    (r"^(n_group|topk_group|num_expert_groups|num_expert_group)$", 1),
    (r"^first_k_dense_replace$", 1),
    (r"^(num_queries|two_stage_num_proposals)$", 6),
)
WIDTH_RULES: tuple[tuple[str, Any], ...] = (
    (r"(num_key_value_heads|num_kv_heads|n_kv_heads|multi_query_group_num|n_head_kv)$", 2),
    (r"^(mamba_d_head|mamba_headdim|mamba_head_dim)$", 32),
    (r"(attention_heads|^n_heads?$|^num_heads$|heads$)", 4),
    (r"^(qk_rope_head_dim|rope_head_dim)$", 16),
    (
        r"^(qk_nope_head_dim|v_head_dim|qk_head_dim|kv_channels|d_kv|head_dim|attention_head_dim|head_size)$",
        16,
    ),
    (r"^(q_lora_rank|kv_lora_rank)$", 24),
    (
        r"^(ffn_dim|d_ff|.*ffn_dim|.*intermediate_size|n_inner|d_inner|hidden_dim_ffn|feedforward_dim|dim_feedforward)$",
        96,
    ),
    (
        r"^(hidden_size|d_model|n_embd|dim|embed_dim|hidden_dim|model_dim|encoder_hidden_size|width|d_embed)$",
        64,
    ),
    (r"^(projection_dim|embedding_size|decoder_hidden_size|.*_hidden_size)$", 64),
    (r"^upsample_groups$", 64),
    (r"^image_size$", 32),
    (r"^patch_size$", 8),
)


HEADS = re.compile(r"^(num_attention_heads|n_heads?|num_heads|.*attention_heads|num_key_value_heads)$")
WIDTHS = re.compile(
    r"^(hidden_size|d_model|n_embd|dim|embed_dim|hidden_dim|model_dim|.*_hidden_size|width|projection_dim"
    r"|embedding_size|ffn_dim|d_ff|.*ffn_dim|.*intermediate_size|n_inner|dim_feedforward|.*_hidden_dim|.*_embed_dim"
    r"|num_attention_heads|n_heads?|num_heads|.*attention_heads|num_key_value_heads|mamba_n_heads|mamba_d_ssm)$"
)
NO_SETTINGS = ("init", "part", "widths", "eager", "sharpness")
MISSING_RULES: tuple[tuple[str, Any], ...] = (
    *(rule for rule in DEPTH_RULES if "experts" in rule[0] or "group" in rule[0]),
    (r"^(num_key_value_heads|num_kv_heads)$", 2),
    (r"^(moe_intermediate_size|moe_ffn_dim)$", 96),
    (r"^sliding_window$", 4),
    (r"^n_shared_experts$", 1),
)


def small_config(
    config: Any, overrides: dict[str, Any] | None = None, strategy: Strategy = STRATEGIES[0]
) -> Any:
    """Shrink a configuration and those inside it, in place."""
    rules: dict[str, tuple[tuple[str, Any], ...]] = {"fixed": DEPTH_RULES + WIDTH_RULES, "kept": DEPTH_RULES}
    divisor = common_divisor(config) if strategy.widths == "divided" else 1
    divided = (*DEPTH_RULES, (WIDTHS.pattern, lambda old: max(old // divisor, 1)))
    shrink(config, rules.get(strategy.widths, divided), strategy)
    for path, value in (overrides or {}).items():
        if path in NO_SETTINGS:
            continue
        target = config
        *outer, last = path.split(".")
        for part in outer:
            target = getattr(target, part)
        put(target, last, sub_config(value) if last == "backbone_config" else value)
    return config


def configs(config: Any) -> Iterator[Any]:
    """A configuration and those inside it."""
    yield config
    for value in vars(config).values():
        if type(value).__name__.endswith("Config"):
            yield from configs(value)


def common_divisor(config: Any) -> int:
    """The largest power of two up to 16 that divides every number of heads."""
    heads = [
        value
        for one in configs(config)
        for name, value in vars(one).items()
        if HEADS.search(name) and isinstance(value, int) and value > 1
    ]
    return max(divisor for divisor in (1, 2, 4, 8, 16) if all(value % divisor == 0 for value in heads))


def sub_config(settings: dict[str, Any]) -> Any:
    """A configuration inside another one, from its settings."""
    import transformers

    return transformers.CONFIG_MAPPING[settings["model_type"]](**settings)


def shrink(config: Any, rules: tuple[tuple[str, Any], ...], strategy: Strategy) -> None:
    for name, value in list(vars(config).items()):
        if type(value).__name__.endswith("Config"):
            shrink(value, rules, strategy)
        elif isinstance(value, int) and not isinstance(value, bool):
            new = shrunk(name, value, rules)
            if new != value:
                put(config, name, new)
        elif value is None and strategy.fills:
            new = shrunk(name, 10**6, MISSING_RULES)
            if new != 10**6:
                put(config, name, new)
        elif isinstance(value, dict) and strategy.widths == "fixed":
            fit_rope_sections(value)
    if strategy.widths == "fixed":
        fit_heads(config)
    layers = getattr(config, "num_hidden_layers", None)
    if isinstance(layers, int):
        fit_layer_lists(config, layers)
    fit_token_ids(config)


def put(config: Any, name: str, value: Any) -> None:
    """Set one setting; some are computed from others and cannot be set."""
    with contextlib.suppress(AttributeError):
        setattr(config, name, value)


def fit_heads(config: Any) -> None:
    """Head sizes that belong together, and as many heads per stage as fit a small width."""
    given = vars(config)
    if "head_dim" in given and given["head_dim"] is None:
        put(config, "head_dim", 16)
    if "kv_lora_rank" in given:
        put(config, "qk_head_dim", 32)
        put(config, "num_key_value_heads", given.get("num_attention_heads", 4))
    if isinstance(given.get("num_heads"), list | tuple) and isinstance(given.get("embed_dim"), int):
        put(config, "num_heads", [2, 4, 8, 16][: len(given["num_heads"])])
        put(config, "depths", [1, 1, 2, 1][: len(given["num_heads"])])
        put(config, "embed_dim", 16)
        put(config, "hidden_size", 16 * 2 ** (len(given["num_heads"]) - 1))
        put(config, "window_size", 4)


def fit_rope_sections(rope: dict[str, Any]) -> None:
    """Sections of a multi-axis rotary embedding for heads of 16."""
    if isinstance(rope.get("mrope_section"), list | tuple):
        rope["mrope_section"] = [2, 3, 3] if rope.get("partial_rotary_factor", 1.0) == 1.0 else [1, 1, 2]


def shrunk(name: str, value: int, rules: tuple[tuple[str, Any], ...]) -> int:
    """The small value of one setting."""
    for pattern, new in rules:
        if re.search(pattern, name):
            small = new(value) if callable(new) else min(value, new) if value > 0 else value
            return int(small)
    return value


def fit_layer_lists(config: Any, layers: int) -> None:
    """Lists with one entry a layer get as many entries as there are layers now, every kind of layer once."""
    types = vars(config).get("layer_types")
    if isinstance(types, list) and types:
        kinds = list(dict.fromkeys(types))
        kinds = (kinds * layers)[: max(layers, len(kinds))]
        put(config, "layer_types", kinds)
        put(config, "num_hidden_layers", len(kinds))
        layers = len(kinds)
    for name, value in list(vars(config).items()):
        if (
            name != "layer_types"
            and isinstance(value, list)
            and re.search(r"(layer|mlp|block).*(types|list|sizes|pattern)", name)
        ):
            put(config, name, (list(value) * layers)[:layers])


def fit_token_ids(config: Any) -> None:
    """Special tokens inside the small vocabulary."""
    vocabulary = getattr(config, "vocab_size", None)
    if not isinstance(vocabulary, int):
        return
    for number, name in enumerate(sorted(vars(config))):
        value = vars(config)[name]
        if (
            name.endswith("_token_id")
            and isinstance(value, int)
            and not isinstance(value, bool)
            and value >= vocabulary
        ):
            put(config, name, vocabulary - 1 - number % 20)
