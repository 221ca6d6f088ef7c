"""A header that another program wrote, checksum and all: a right answer, or damaged; never a failure of ours."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from logs.host import Host
from make_fixtures import RECORDS, pack_golden

from tensorboard_plugin_attn import AttentionReader
from tensorboard_plugin_attn.encoding.format import header_crc, json_text
from tensorboard_plugin_attn.errors import AttentionError, DamagedFileError
from tensorboard_plugin_attn.storing.store import record_directory, step_name

LONGEST = 600  # of a message, its path included
WRONG: list[Any] = [
    None,
    "",
    -1,
    0,
    True,
    1e308,
    10**400,
    [],
    {},
    [[[]]],
    "\ud800" * 3,
    [-1],
    ["x"],
    {"x": 1},
]
REMOVED = object()

Path_ = tuple[str | int, ...]


def places(value: Any, where: Path_ = ()) -> Iterator[Path_]:
    """Every field of some JSON, of lists the first and the last item."""
    if where:
        yield where
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from places(inner, (*where, name))
    elif isinstance(value, list):
        for index in sorted({0, len(value) - 1} if value else ()):
            yield from places(value[index], (*where, index))


def mutated(meta: dict[str, Any], where: Path_, value: Any) -> dict[str, Any]:
    """The same with one field replaced or removed."""
    changed = copy.deepcopy(meta)
    inner: Any = changed
    for step in where[:-1]:
        inner = inner[step]
    if value is REMOVED:
        del inner[where[-1]]
    else:
        inner[where[-1]] = value
    return changed


def rewritten(content: bytes, change: Callable[[dict[str, Any]], dict[str, Any]]) -> bytes:
    """A file whose header was changed, its checksum made right again."""
    length = int.from_bytes(content[:8], "little")
    fields = json.loads(content[8 : 8 + length])
    meta = change(json.loads(fields["__metadata__"]["attn"]))
    if isinstance(meta.get("crc32"), dict) and "header" in meta["crc32"]:
        meta["crc32"]["header"] = header_crc(meta)
    fields["__metadata__"]["attn"] = json_text(meta)
    text = json.dumps(fields).encode()
    return len(text).to_bytes(8, "little") + text + content[8 + length :]


class Log:
    """A directory with one golden record at steps 0 and 1, of which step 1 is replaced."""

    def __init__(self, root: Path, name: str) -> None:
        golden = RECORDS[name]()
        self.tag, self.whole = golden.tag, pack_golden(golden)
        folder = root / record_directory("run", golden.tag)
        folder.mkdir(parents=True)
        (folder / step_name(0)).write_bytes(self.whole)
        self.path = folder / step_name(1)
        self.path.write_bytes(self.whole)
        self.host, self.reader = Host(root), AttentionReader(root)
        self.layers = len(golden.layers)

    def answers(self) -> Iterator[tuple[str, int, str]]:
        """Every route's status and message."""
        where = {"run": "run", "tag": self.tag, "step": 1}
        yield self.ask("record", where)
        yield self.ask("thumbnails", where)
        yield self.ask("metrics", where)
        yield self.ask("metrics", {**where, "evolution": "1"})
        yield self.ask("compare", {**where, "step": 0, "step_b": 1})
        for pattern in ({"template": "previous"}, {"query": "1", "key": "0"}):
            yield self.ask("find", {**where, "steps": "1,0", **pattern})
        yield self.ask("export", {**where, "format": "npz"})
        for layer in range(self.layers):
            yield self.ask("weights", {**where, "layer": layer})
            for head in (0, 1):
                yield self.ask("weights", {**where, "layer": layer, "head": head})
                yield self.ask("vectors", {**where, "layer": layer, "head": head})

    def ask(self, route: str, query: dict[str, Any]) -> tuple[str, int, str]:
        response = self.host.get(route, query)
        message = "" if response.status_code < 400 else str(response.json["error"]["message"])
        return route, response.status_code, message

    def readings(self) -> list[Callable[[], Any]]:
        """What AttentionReader can be asked."""
        reader, at = self.reader, ("run", self.tag, 1)
        return [
            lambda: reader.read(*at),
            lambda: reader.metrics(*at[:2]),
            lambda: reader.evolution(*at[:2]).marks(),
            lambda: reader.compare(("run", self.tag, 0), at).ranking(),
            lambda: reader.find(*at, query=1, key=0).ranking(),
            lambda: list(reader.find_over_steps(*at[:2], template="same")),
        ]

    def check(self, content: bytes) -> list[str]:
        """What is wrong in how a file is answered and read."""
        self.path.write_bytes(content)
        first = self.ask("record", {"run": "run", "tag": self.tag, "step": 1})
        answers = [first] if first[1] == 422 else list(self.answers())
        wrong = [
            f"{route} {status} {message[:200]}"
            for route, status, message in answers
            if status >= 500 or len(message) > LONGEST
        ]
        for ask in self.readings()[:1] if first[1] == 422 else self.readings():
            try:
                ask()
            except AttentionError as error:
                if len(str(error)) > LONGEST or (first[1] == 422 and not isinstance(error, DamagedFileError)):
                    wrong.append(f"reader {error!r:.300}")
            except Exception as error:  # noqa: BLE001 - what is looked for
                wrong.append(f"reader {error!r:.300}")
        return wrong


EVERY = [
    pytest.param(name, True, marks=pytest.mark.slow)
    for name in ("pair", "vectors", "wide", "translation", "picture")
]


@pytest.mark.parametrize(
    ("name", "every"), [("pair", False), ("vectors", False), ("translation", False), *EVERY]
)
def test_no_field_of_a_header_can_be_so_wrong_that_a_route_or_the_reader_fails(
    tmp_path: Path, name: str, every: bool
) -> None:
    """Every field with every wrong value, or with one each and without it: fields take turns."""
    log = Log(tmp_path, name)
    assert log.check(rewritten(log.whole, lambda meta: meta)) == []
    length = int.from_bytes(log.whole[:8], "little")
    whole = json.loads(json.loads(log.whole[8 : 8 + length])["__metadata__"]["attn"])
    wrong = []
    for number, where in enumerate(places(whole)):
        turn = (REMOVED, WRONG[number % len(WRONG)])
        for value in (REMOVED, *WRONG) if every else turn:
            content = rewritten(log.whole, lambda _: mutated(whole, where, value))  # noqa: B023 - called at once
            wrong += [f"{where} = {value!r:.30}: {each}" for each in log.check(content)]
    assert wrong == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda meta: meta["layers"][0].pop("name"), r"layers\[0\]\.name is missing"),
        (
            lambda meta: meta["token_lists"].update(tokens=[1, 2]),
            r"token_lists\.tokens: expected a string, got 1",
        ),
        (
            lambda meta: meta["layers"][1].update(queries=-7),
            r"layers\[1\]\.queries: expected a number above 0",
        ),
        (
            lambda meta: meta["layers"][1].update(keys=8),
            r"layers\[1\], tokens must be 7 positions, got 8",
        ),
        (lambda meta: meta.update(kind="pictures"), "kind must be weights or metrics"),
    ],
)
def test_the_reader_says_damaged_and_why_where_the_tab_does(
    tmp_path: Path, change: Callable[[Any], Any], said: str
) -> None:
    log = Log(tmp_path, "pair")

    def changed(meta: dict[str, Any]) -> dict[str, Any]:
        change(meta)
        return meta

    log.path.write_bytes(rewritten(log.whole, changed))
    _, status, message = log.ask("record", {"run": "run", "tag": log.tag, "step": 1})
    assert status == 422
    with pytest.raises(DamagedFileError, match=said) as caught:
        log.reader.read("run", log.tag, 1)
    assert caught.value.reason in message


def test_a_flipped_bit_in_a_long_header_has_a_short_message(tmp_path: Path) -> None:
    log = Log(tmp_path, "odd_tokens")
    damaged = bytearray(log.whole)
    damaged[300] ^= 0x80
    assert log.check(bytes(damaged)) == []
    with pytest.raises(DamagedFileError, match="not that of an attention record"):
        log.reader.read("run", log.tag, 1)
