"""What taking controls away is expected to do: a prediction by reasoning, and the explained differences from it.

A scenario names the alternatives that block it (any one suffices, all of its controls must be on); the expected matrix
follows from that for every set of controls. A prediction is for one design by name, with exactly the controls it lists.
Knows nothing of how a run went; whether an explanation is shown by a trace is for `suite` to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any, Literal

from harness.load import load_model
from harness.plan.values import Closed, Name


class Pair(Closed):
    """Two controls that are also taken away together, and what that is expected to show.

    `exposure` names the slices of what lies within reach that grade it, where a verdict alone would hide the degree.
    """

    controls: list[Name]
    text: str
    exposure: list[Name] = []


class Blocked(Closed):
    """What a scenario breaks where nothing blocks it, and the alternatives that do."""

    breaks: list[Name]
    blocked_by: list[list[Name]]


class Shown(Closed):
    """What every breaking event of the run must be like for an explanation to count: kind, fields, honest or not."""

    kind: Name
    honest: bool = False
    fields: dict[Name, Any] = {}


class Explanation(Closed):
    """Why the simulator differs from the prediction in one scenario and requirement, without some controls."""

    without: list[Name]
    scenario: Name
    requirement: Name
    reason: str
    shown_by: Shown


class Prediction(Closed):
    """The prediction for one design, by the name that its file gives it."""

    system: Name
    source: str
    controls: list[Name]
    scenarios: dict[Name, Blocked]
    explained: list[Explanation] = []

    def broken(self, without: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
        """The scenarios that are expected to break each requirement with these controls off."""
        on = frozenset(self.controls) - frozenset(without)
        found: dict[str, list[str]] = {}
        for name, scenario in self.scenarios.items():
            if not any(on.issuperset(alternative) for alternative in scenario.blocked_by):
                for requirement in scenario.breaks:
                    found.setdefault(requirement, []).append(name)
        return {requirement: tuple(names) for requirement, names in sorted(found.items())}

    @property
    def requirements(self) -> tuple[str, ...]:
        """The requirements that it speaks of."""
        return tuple(sorted({name for one in self.scenarios.values() for name in one.breaks}))

    def explanation(self, without: Sequence[str], *, scenario: str, requirement: str) -> Explanation | None:
        """The explanation of a difference, if there is one."""
        for one in self.explained:
            if set(one.without) == set(without) and (one.scenario, one.requirement) == (scenario, requirement):
                return one
        return None


class ExpectedCatalogue(Closed):
    """All predictions, and the pairs of controls that are taken away together."""

    kind: Literal["expected"]
    pairs: list[Pair]
    predictions: list[Prediction]


@cache
def expected_catalogue() -> ExpectedCatalogue:
    """The shipped predictions and pairs."""
    with resources.as_file(resources.files("harness.plan") / "catalogue" / "expected.yaml") as path:
        return load_model(path, ExpectedCatalogue).model


def prediction_for(name: str, controls: Iterable[str]) -> Prediction | None:
    """The prediction for a design of this name with exactly these controls on; None where nobody predicted anything."""
    active = frozenset(controls)
    for one in expected_catalogue().predictions:
        if one.system == name and frozenset(one.controls) == active:
            return one
    return None
