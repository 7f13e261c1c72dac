"""The adversary drawn by Hypothesis: for people, horizons and misfortunes that a search cannot go through.

The same steps, the same mechanics, the same closing and the same monitors as the exploration; but of the events that are
possible one is drawn, in a larger world, for many more events in a row, with one of the misfortunes that an adversary may
wish for. Runs are driven towards those in which more came within reach and more breaches had to be stopped; what breaks a
rule is shrunk by the same shrinking. That nothing was found says only that nothing was found.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from harness.judge import monitor
from harness.plan.controls import Controls
from harness.plan.system import System
from harness.requirements import Requirement
from harness.search.explore import Explorer, Found, bounds_for, first_world, told_apart
from harness.search.facets import facets
from harness.search.misfortunes import ADVERSE
from harness.search.node import Broken, Node
from harness.search.shrink import Attack, shortest_if_any
from harness.trace import STANDARD, Vocabulary
from harness.world.mechanics.bounds import Bounds

PEOPLE, PURPOSES, QUESTIONS = 3, 2, 4
"""How many people take part, how many kinds of work for each agent, how many questions: more than a search can hold."""
MOST_DRAWN = 1 << 16


def larger(system: System, view: Bounds) -> Bounds:
    """The world of the drawn adversary, larger than the small one of a search."""
    return Bounds.of(
        system, people=PEOPLE, purposes=PURPOSES, approvals=QUESTIONS if view.approvals else 0,
        sub_agents=view.sub_agents, sessions=2,
    )  # fmt: skip


def draw_attacks(
    system: System,
    controls: Controls,
    requirement: Requirement,
    *,
    vocabulary: Vocabulary = STANDARD,
    view: Bounds | None = None,
    runs: int = 30,
    steps: int = 12,
    seed: int = 0,
) -> Attack | None:
    """Draw runs of up to `steps` events; the shortest attack in the first that breaks the requirement, or None."""
    import hypothesis
    from hypothesis import strategies

    starts = [first_world(system, controls, seed=seed, misfortunes=one) for one in ADVERSE]
    watched = [
        (one, of)
        for number, rule in enumerate(requirement.rules)
        for of in (view or larger(system, bounds_for(system, rule)),)
        for one in facets(number, rule, vocabulary, of, told_apart(system, starts[0], of.people))
    ]

    @cache
    def begun(wrong: int, which: int) -> tuple[Explorer, Node]:
        """The closed first state: what can be had at once is had in every run alike."""
        facet, of = watched[which]
        explorer = Explorer(Found(requirement.id), facet, of, lambda found: True)
        root = Node(starts[wrong].fork(), [facet])
        explorer.arrive(root)
        return explorer, root

    found: list[tuple[int, list[Broken]]] = []

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=runs, database=None, deadline=None, phases=[hypothesis.Phase.generate, hypothesis.Phase.target],
        suppress_health_check=list(hypothesis.HealthCheck), derandomize=False,
    )  # fmt: skip
    @hypothesis.given(
        wrong=strategies.integers(0, len(ADVERSE) - 1),
        which=strategies.integers(0, len(watched) - 1),
        events=strategies.lists(strategies.integers(0, MOST_DRAWN), min_size=steps, max_size=steps),
    )
    def drawn(wrong: int, which: int, events: list[int]) -> None:
        if found:
            return
        explorer, root = begun(wrong, which)
        before = explorer.found.challenged
        node = _walk(explorer, root, events)
        if node.broken:
            found.append((wrong, node.broken))
        hypothesis.target(float(len(node.best)), label="credentials within reach")
        hypothesis.target(float(explorer.found.challenged - before), label="breaches that were stopped")

    drawn()
    if not found:
        return None
    wrong, broken = found[0]
    monitors = [monitor(rule, vocabulary) for rule in requirement.rules]
    # what breaks a requirement without any misfortune is told without one
    for number in dict.fromkeys((0, wrong)):
        attack = shortest_if_any(starts[number], monitors, broken)
        if attack is not None:
            return replace(attack, misfortunes=ADVERSE[number])
    raise AssertionError("a run that was found breaks the rule again from its own start")


def _walk(explorer: Explorer, root: Node, events: list[int]) -> Node:
    """One event after the other, each state closed, until a rule breaks or nothing more is possible."""
    node = root
    for left, event in zip(range(len(events), 0, -1), events, strict=True):
        if node.broken:
            break
        explorer.left = left
        children = list(explorer.children(node))
        if not children:
            break
        node = children[event % len(children)]
        explorer.arrive(node)
    return node
