"""HTTP requests of the Attention tab → listing, records and series → responses (``docs/reference/http_api.md``)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from tensorboard.backend import http_util
from tensorboard.plugins import base_plugin
from tensorboard.util import tb_logging
from werkzeug import wrappers

from tensorboard_plugin_attn.encoding.region import Rectangle
from tensorboard_plugin_attn.errors import AttentionError
from tensorboard_plugin_attn.serving.answers import (
    Answer,
    RequestError,
    binary_answer,
    digest,
    error_answer,
    json_answer,
)
from tensorboard_plugin_attn.serving.assets import ENTRY, find_asset
from tensorboard_plugin_attn.serving.listing import Listing
from tensorboard_plugin_attn.serving.map_results import maps_result
from tensorboard_plugin_attn.serving.metric_series import MetricSource
from tensorboard_plugin_attn.serving.npz import record_npz
from tensorboard_plugin_attn.serving.opened_record import OpenedRecord, OpenedRecords
from tensorboard_plugin_attn.serving.page_contents import Beside
from tensorboard_plugin_attn.serving.query import integer, optional_integer, quantity_asked, span, text, where
from tensorboard_plugin_attn.serving.record_results import (
    Packed,
    record_result,
    thumbnails_result,
    vectors_result,
    weights_result,
)
from tensorboard_plugin_attn.serving.region_results import MOST_SIDE, Regions
from tensorboard_plugin_attn.serving.roots import parse_roots
from tensorboard_plugin_attn.serving.shrinking import MOST_SHRUNK, shrunk
from tensorboard_plugin_attn.serving.standalone import standalone_html
from tensorboard_plugin_attn.serving.study_routes import EvolutionRoutes
from tensorboard_plugin_attn.serving.texts import texts_result
from tensorboard_plugin_attn.storing.files import is_passing
from tensorboard_plugin_attn.storing.pictures import read_picture

__all__ = ["AttnPlugin"]

Arguments = Mapping[str, str]

MOST_TEXTS = 200
YEAR = 365 * 24 * 3600
DEFAULT_INTERVAL = 5.0
MOST_CIRCLES = 1000
RETRY_SECONDS = "3"

logger = tb_logging.get_logger()


class AttnPlugin(base_plugin.TBPlugin):
    """TensorBoard's Attention tab."""

    plugin_name = "attn"

    def __init__(self, context: base_plugin.TBContext) -> None:
        interval = getattr(context.flags, "reload_interval", None)
        # TensorBoard's own reader follows links in circles, its data server does not.
        circles = MOST_CIRCLES if getattr(context, "multiplexer", None) is not None else 0
        self.listing = Listing(parse_roots(context.flags), circles=circles)
        self.records = OpenedRecords(self.listing)
        self.regions = Regions()
        provider = getattr(context, "data_provider", None)
        self.evolution = EvolutionRoutes(self.listing, self.records, MetricSource(), provider)
        self.listing.start(DEFAULT_INTERVAL if interval is None else float(interval))

    def is_active(self) -> bool:
        """Whether a record was found so far; answered from memory."""
        return self.listing.has_records

    def frontend_metadata(self) -> base_plugin.FrontendMetadata:
        """The tab's name and its ES module."""
        return base_plugin.FrontendMetadata(es_module_path=f"/{ENTRY}", tab_name="Attention")

    def get_plugin_apps(self) -> dict[str, Any]:
        """The routes; whatever else is asked for below ours is a file of the bundle or nothing."""
        return {
            "/index": serve(lambda request: self.index_answer(request.args)),
            "/texts": serve(self.texts_answer),
            "/record": serve(lambda request: self.record_answer(request.args)),
            "/thumbnails": serve(lambda request: self.thumbnails_answer(request.args)),
            "/weights": serve(lambda request: self.weights_answer(request.args)),
            "/region": serve(lambda request: self.region_answer(request.args)),
            "/maps": serve(lambda request: self.maps_answer(request.args)),
            "/picture": serve(lambda request: self.picture_answer(request.args)),
            "/vectors": serve(lambda request: self.vectors_answer(request.args)),
            "/metrics": serve(lambda request: self.evolution.metrics(request.args)),
            "/compare": serve(lambda request: self.evolution.compare(request.args)),
            "/find": serve(lambda request: self.evolution.find(request.args)),
            "/rollout": serve(lambda request: self.evolution.rollout(request.args)),
            "/export": serve(self.export_answer),
            "/scalars": serve(self.evolution.scalars),
            f"/{ENTRY}": serve(lambda request: find_asset(ENTRY)),
            "/*": serve(lambda request: find_asset(request.path.partition("/plugin/attn/")[2])),
        }

    def index_answer(self, arguments: Arguments) -> Answer:
        """Every run, tag and step, or what changed of them since a token."""
        since = arguments.get("since")
        answer = json_answer(self.listing.index() if since is None else self.listing.index_since(since))
        return Answer(answer.content, answer.content_type, etag=digest(answer.content))

    def record_answer(self, arguments: Arguments) -> Answer:
        """The header of one record."""
        asked = arguments.get("v")
        fields, version = self.records.use(*where(arguments), asked, record_result)
        return json_answer(fields, immutable=asked is not None, etag=version)

    def texts_answer(self, request: wrappers.Request) -> Answer:
        """The tokens of the latest readable step of many tags of one run."""
        tags = request.args.getlist("tags")
        if not 1 <= len(tags) <= MOST_TEXTS:
            message = f"expected tags=… from 1 to {MOST_TEXTS} times, one tag each, got {len(tags)}"
            raise RequestError(400, "bad_request", message, parameter="tags")
        return json_answer(texts_result(self.records, text(request.args, "run"), tags))

    def thumbnails_answer(self, arguments: Arguments) -> Answer:
        """A small picture of every head, of weights or of contributions."""
        quantity = quantity_asked(arguments)
        return self.binary(arguments, lambda record: thumbnails_result(record, quantity))

    def weights_answer(self, arguments: Arguments) -> Answer:
        """The weights of one layer, of one head, or of some rows of one head."""
        layer, head = integer(arguments, "layer"), optional_integer(arguments, "head")
        if "queries" not in arguments:
            return self.binary(arguments, lambda record: weights_result(record, layer, head))
        one, rows = integer(arguments, "head"), span(arguments, "queries")
        return self.binary(arguments, lambda record: self.regions.rows(record, layer, one, rows))

    def region_answer(self, arguments: Arguments) -> Answer:
        """The picture of a rectangle of one head, in log codes."""
        layer, head = integer(arguments, "layer"), integer(arguments, "head")
        side = integer(arguments, "side") if "side" in arguments else MOST_SIDE
        if not 1 <= side <= MOST_SIDE:
            message = f"side must be pixels from 1 to {MOST_SIDE}, got {side}"
            raise RequestError(400, "bad_request", message, parameter="side")
        asked = Rectangle(span(arguments, "queries"), span(arguments, "keys"), side)
        return self.binary(arguments, lambda record: self.regions.region(record, layer, head, asked))

    def maps_answer(self, arguments: Arguments) -> Answer:
        """The weights, or contributions, of one query, or of one key, in every head that has it."""
        side = "key" if "key" in arguments else "query"
        at, layer = integer(arguments, side), optional_integer(arguments, "layer")
        tokens, quantity = text(arguments, "list"), quantity_asked(arguments)
        return self.binary(arguments, lambda record: maps_result(record, side, tokens, at, layer, quantity))

    def vectors_answer(self, arguments: Arguments) -> Answer:
        """Query and key of one head."""
        layer, head = integer(arguments, "layer"), integer(arguments, "head")
        return self.binary(arguments, lambda record: vectors_result(record, layer, head))

    def picture_answer(self, arguments: Arguments) -> Answer:
        """A picture or a sound that a record names, under the type that its own first bytes have."""
        sha256 = text(arguments, "sha256")
        if not re.fullmatch("[0-9a-f]{64}", sha256):
            message = f"sha256 must be 64 digits from 0 to f, got {sha256[:70]!r}"
            raise RequestError(400, "bad_request", message, parameter="sha256")
        run, tag, step = where(arguments)
        named, _ = self.records.use(
            run, tag, step, None, lambda record: {each.sha256 for each in record.header.pictures}
        )
        files, step_file = self.listing.find_step(run, tag, step)
        try:
            if sha256 not in named:
                raise FileNotFoundError(sha256)
            data, kind = read_picture(files, step_file.path.rpartition("/")[0], sha256)
        except FileNotFoundError as error:
            message = f"step {step} of {tag!r} has no such picture, or it was logged with picture=False"
            raise RequestError(404, "not_recorded", message) from error
        return Answer(data, kind, immutable=True, etag=sha256)

    def export_answer(self, request: wrappers.Request) -> Answer:
        """One record as a file, as bytes to save: a stand-alone page never runs as a page of TensorBoard's."""
        arguments = request.args
        make = exported_file(arguments, lambda record: self.evolution.beside(request, record))
        content, _ = self.records.use(*where(arguments), arguments.get("v"), make)
        return Answer(content, "application/octet-stream", etag=digest(content))

    def binary(self, arguments: Arguments, result: Callable[[OpenedRecord], Packed]) -> Answer:
        """Arrays of one record."""
        asked = arguments.get("v")
        (arrays, fields), version = self.records.use(*where(arguments), asked, result)
        return binary_answer(arrays, fields, immutable=asked is not None, etag=version)


def exported_file(
    arguments: Arguments, beside: Callable[[OpenedRecord], Beside]
) -> Callable[[OpenedRecord], bytes]:
    """What makes the file that a request wants: ``format`` html, which is the default, or npz."""
    wanted = arguments.get("format", "html")
    if wanted == "npz":
        return record_npz
    if wanted != "html":
        message = f"format must be html or npz, got {wanted[:40]!r}"
        raise RequestError(400, "bad_request", message, parameter="format")
    run, view, state = text(arguments, "run"), text(arguments, "view"), arguments.get("state", "")
    return lambda record: standalone_html(record, run, view, state, beside(record)).encode()


def serve(route: Callable[[wrappers.Request], Answer]) -> Any:
    """A function from request to answer → a WSGI application; our errors become JSON."""

    @wrappers.Request.application
    def application(request: wrappers.Request) -> wrappers.Response:
        return respond(request, answered(route, request))

    return application


def answered(route: Callable[[wrappers.Request], Answer], request: wrappers.Request) -> Answer:
    """What a route answers, errors included."""
    try:
        return route(request)
    except AttentionError as error:
        return error_answer(error)
    except Exception as error:  # remote stores raise errors of their own; the tab shows the message
        if is_passing(error):
            return error_answer(RequestError(503, "busy", f"the log directory cannot be read now: {error}"))
        logger.exception("Attention: %s failed", request.full_path)
        return error_answer(RequestError(500, "failed", f"{type(error).__name__}: {error}"))


def respond(request: wrappers.Request, answer: Answer) -> wrappers.Response:
    """An answer → the response, with what the browser may keep of it."""
    headers = [("ETag", f'W/"{answer.etag}"')] if answer.etag else []
    same = bool(answer.etag) and request.if_none_match.contains_weak(answer.etag)
    content = b"" if same else answer.content
    is_shrunk = answer.shrinks and len(content) < MOST_SHRUNK
    response: wrappers.Response = http_util.Respond(
        request,
        shrunk(content, answer.content_type) if is_shrunk else content,
        answer.content_type,
        code=304 if same else answer.status,
        expires=YEAR if answer.immutable else 0,
        content_encoding="gzip" if is_shrunk else None,
        headers=headers,
    )
    if answer.status == 503:
        response.headers["Retry-After"] = RETRY_SECONDS
    if answer.immutable:
        response.headers["Cache-Control"] = f"private, max-age={YEAR}, immutable"
    return response
