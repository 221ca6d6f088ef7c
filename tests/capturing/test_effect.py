"""Effect and ablation of heads against differences of whole forwards, and a training that does not notice."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from models.gated_models import CASES, gated_case

from tensorboard_plugin_attn.capturing.effect.effects import head_effects

@pytest.mark.parametrize("name", CASES)
def test_effect_is_the_central_difference_of_the_objective_in_the_head_s_output(name: str) -> None:
    case = gated_case(name)
    effects = head_effects(case.model, case.inputs, case.objective)
    assert effects.objective == pytest.approx(case.value(), rel=1e-9)
    assert effects.by_call
    for call, values in effects.by_call.items():
        differences = []
        for head in range(call.heads):
            sides = []
            for factor in (1 + case.step, 1 - case.step):
                with case.scaled(call.name, head, factor):
                    sides.append(case.value())
            differences.append((sides[0] - sides[1]) / (2 * case.step))
        assert len(values) == case.heads
        largest = np.abs(differences).max()
        assert largest > 0
        np.testing.assert_allclose(values[:, 0], differences, rtol=0, atol=0.01 * largest)


@pytest.mark.parametrize("name", CASES)
def test_ablation_is_the_objective_less_that_without_the_head(name: str) -> None:
    case = gated_case(name)
    effects = head_effects(case.model, case.inputs, case.objective, ablate=True)
    assert effects.names == ("effect", "ablation")
    whole = case.value()
    for call, values in effects.by_call.items():
        expected = []
        for head in range(call.heads):
            with case.scaled(call.name, head, 0.0):
                expected.append(whole - case.value())
        np.testing.assert_allclose(values[:, 1], expected, rtol=1e-5, atol=1e-9)
