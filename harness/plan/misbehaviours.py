"""The catalogue of misbehaviours: named ways in which an LLM, or whoever steers it, goes wrong.

Filed under OWASP Agentic (2026), OWASP LLM (2025), OWASP API (2023), MITRE ATLAS and CWE. What each does is in the
brains of the world; here is what it is called, what it aims at and which controls are expected to stop it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Literal

from harness.load import load_model
from harness.plan.values import Closed, Name

Doer = Literal["agent", "outsider", "operator"]


class Misbehaviour(Closed):
    """One entry. `aims` are baseline requirements, `controls` those expected to stop it.

    `by` says who can do it: an agent in a task, an outsider (`thief`), an operator's action; `variants` are its other forms.
    `needs` are what it takes of a system (words of `needs.NEEDS`), `needs_outside` where an outsider does it.
    """

    id: Name
    name: str
    text: str
    aims: list[Name]
    controls: list[Name]
    by: list[Doer] = ["agent"]
    variants: dict[Name, str] = {}
    needs: list[Name] = []
    needs_outside: list[Name] = []
    asi: list[str]
    llm: list[str]
    api: list[str]
    atlas: list[str]
    cwe: list[str]


class MisbehaviourCatalogue(Closed):
    """All misbehaviours that a scenario can name."""

    kind: Literal["misbehaviours"]
    misbehaviours: list[Misbehaviour]


@cache
def misbehaviour_catalogue() -> Mapping[str, Misbehaviour]:
    """The misbehaviours by id, in the order of the catalogue."""
    with resources.as_file(resources.files("harness.plan") / "catalogue" / "misbehaviours.yaml") as path:
        loaded = load_model(path, MisbehaviourCatalogue)
    return {one.id: one for one in loaded.model.misbehaviours}
