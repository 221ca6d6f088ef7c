"""A model, its inputs and a session → one undisturbed forward that was watched: whole, or by the plan of an earlier one."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torch import nn

from tensorboard_plugin_attn.capturing.calls.sighting import Sighting, in_float32
from tensorboard_plugin_attn.capturing.probing.meeting import RankWork
from tensorboard_plugin_attn.capturing.probing.plans import State, plans_of, signature_of
from tensorboard_plugin_attn.capturing.probing.same_attributes import Held
from tensorboard_plugin_attn.capturing.probing.same_inputs import same_inputs
from tensorboard_plugin_attn.capturing.probing.undisturbed import undisturbed
from tensorboard_plugin_attn.capturing.session import Session
from tensorboard_plugin_attn.capturing.watching.mode import keeping_to, watching
from tensorboard_plugin_attn.capturing.watching.names import ModuleNames
from tensorboard_plugin_attn.capturing.watching.planned import Notes, Plan

__all__ = ["Forward", "run"]

MakeSession = Callable[[Callable[[int, Sighting], None]], Session]
HandOn = Callable[[Session, int, Sighting], None]


@dataclass(frozen=True)
class Forward:
    """What is run, and how it is looked at.

    ``hand_on``: gets the session, and each call's number and sighting; ``asked``: what is looked for, as one plan serves
    another look no better than another model; None: the forward cannot be run again, alone, with every call looked at.
    """

    model: nn.Module
    inputs: Any
    names: ModuleNames
    ranks: RankWork
    make_session: MakeSession
    hand_on: HandOn
    asked: Hashable | None

    def run(self) -> Session:
        """Run the forward, the sightings handed on; twice where the first left its plan."""
        plans, called = plans_of(self.model), None if self.asked is None else signature_of(self.inputs)
        signature = called, self.asked
        while True:
            with self.undisturbed() as held:
                if called is None or held is None:
                    return self.whole(None)
                plan = plans.get(signature, self.names.modules, held)
                if plan is None:
                    state, notes = State(self.names.modules, held), Notes()
                    session = self.whole(notes)
                    plans.put(signature, state, notes.plan(session))
                    return session
                planned = self.by_plan(plan)
            if planned is not None:
                return planned
            plans.lose(signature)

    def whole(self, notes: Notes | None) -> Session:
        """Every call is followed."""
        session = self.make_session(lambda index, sighting: self.hand_on(session, index, sighting))
        with watching(self.model, session, self.names, notes):
            run(self.model, self.inputs)
        return session

    def by_plan(self, plan: Plan) -> Session | None:
        """Calls are compared with a plan; None where they are others, and nothing was handed on."""
        kept: list[tuple[int, Sighting]] = []
        session = self.make_session(lambda index, sighting: kept.append((index, sighting)))
        with keeping_to(plan, session, self.names) as mode:
            run(self.model, self.inputs)
        if not mode.has_kept:
            return None
        kept.reverse()
        while kept:
            index, sighting = kept.pop()
            with in_float32(sighting.weights):
                self.hand_on(session, index, sighting)
        return session

    @contextmanager
    def undisturbed(self) -> Iterator[list[Held] | None]:
        """Model and inputs stay as they are; yields what the modules hold."""
        with (
            same_inputs(self.model, self.inputs),
            undisturbed(self.model, modules=self.names.modules) as held,
            self.ranks.watch(),
        ):
            yield held


def run(model: nn.Module, inputs: Any) -> Any:
    """What a model returns of keyword arguments, positional ones or one tensor."""
    if isinstance(inputs, Mapping):
        return model(**inputs)
    return model(*inputs) if isinstance(inputs, tuple | list) else model(inputs)
