"""The adversary drawn by Hypothesis: for people, horizons, arguments and misfortunes that a search cannot go through.

The same commands, mechanics and monitors as the exploration, and the same shrinking; but each example is one run of
single decisions in a larger world, drawn one after the other, with one of the misfortunes that an adversary may wish
for. Nothing is closed, merged or tried aside. Hypothesis drives runs towards more within reach that outlives the
presence of its person, more breaches that had to be stopped, and more that got through. That nothing was found says no
more than that: a `Drawing` tells how much was tried.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from harness.judge import monitor
from harness.plan.controls import Controls
from harness.plan.system import System
from harness.requirements import Requirement
from harness.search.deciding import HUNDRED, Decision, decide, tables
from harness.search.explore import first_world
from harness.search.facets import whole
from harness.search.larger import Larger
from harness.search.misfortunes import ADVERSE, Misfortunes
from harness.search.node import Node
from harness.search.running import Run
from harness.search.shrink import Attack, shortest_if_any
from harness.search.steps import Broken
from harness.trace import STANDARD, Vocabulary
from harness.world.mechanics.state import World

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

STEPS, ROUND = 40, 50
"""How many decisions a run has, and after how many runs Hypothesis begins anew.

Targets are climbed from the best of what was drawn so far. In one long drawing that ends in endless variations of one
run: of 24 comparisons without a control, 1,500 runs in a row found nothing in five that rounds of fifty did.
"""
Example = tuple[int, int, list[Decision]]
"""What a run is drawn as: a number for its misfortune, one for its mixture of decisions, and the decisions."""


@dataclass(slots=True)
class Drawing:
    """What was drawn: `runs`, the decisions that were taken in them, the breaches that controls stopped; an attack."""

    attack: Attack | None = None
    runs: int = 0
    decisions: int = 0
    challenged: int = 0
    complete: bool = True


Watch = Callable[[Drawing], bool]
MOST_ROUNDS = 1 << 32


class _Enough(BaseException):
    """Ends the drawing; nothing that Hypothesis takes for a failure, which it would try again."""


@cache
def examples(steps: int) -> SearchStrategy[Example]:
    """What a run is made of, built once: its misfortune, its mixture of decisions, and the decisions.

    Numbers stay below a hundred: for those Hypothesis adds no constants of its own from the modules that are loaded, so
    that the same seed draws the same runs wherever it is asked.
    """
    from hypothesis import strategies

    digit = strategies.integers(0, HUNDRED - 1)
    decision = strategies.tuples(digit, digit, digit)
    return strategies.tuples(digit, digit, strategies.lists(decision, min_size=steps, max_size=steps))


def draw_attacks(
    system: System,
    controls: Controls,
    requirement: Requirement,
    *,
    vocabulary: Vocabulary = STANDARD,
    runs: int = 1_000,
    steps: int | None = None,
    seed: int = 0,
    misfortunes: Sequence[Misfortunes] = ADVERSE,
    go_on: Watch = lambda drawing: True,
    counts: Callable[[Attack], bool] = lambda attack: True,
) -> Drawing:
    """Draw runs of `steps` decisions; of the first that breaks the requirement, the shortest attack in it.

    By default a run has 40, or twice as many where a rule counts. The first of `misfortunes` befalls every other run,
    each of them some of the others. `go_on` is asked before each run. An attack that does not count is passed over.
    """
    from hypothesis import target

    drawn = Drawn(system, controls, requirement, vocabulary=vocabulary, seed=seed, misfortunes=misfortunes)
    drawing = Drawing()

    def one(example: Example) -> None:
        if not go_on(drawing):
            drawing.complete = False
            raise _Enough
        run = drawn.run(example)
        drawing.runs += 1
        drawing.decisions += run.decisions
        drawing.challenged += run.node.challenged
        if run.node.broken:
            attack = drawn.attack(example, run.node.broken)
            if counts(attack):
                drawing.attack = attack
                raise _Enough
        for label, far in aims(run).items():
            target(float(far), label=label)

    with suppress(_Enough):
        drive(one, runs=runs, steps=steps or (2 * STEPS if drawn.larger.counts else STEPS), seed=seed)
    return drawing


def drive(one: Callable[[Example], None], *, runs: int, steps: int, seed: int) -> None:
    """Have Hypothesis draw so many examples, in rounds, seeded and without a database, for a function that never fails."""
    import hypothesis

    phases = [hypothesis.Phase.generate, hypothesis.Phase.target]
    for number, first in enumerate(range(0, runs, ROUND)):
        settings = hypothesis.settings(
            max_examples=min(ROUND, runs - first), database=None, deadline=None, phases=phases,
            suppress_health_check=list(hypothesis.HealthCheck),
        )  # fmt: skip

        def drawn(example: Example) -> None:
            one(example)

        hypothesis.seed(seed * MOST_ROUNDS + number)(settings(hypothesis.given(examples(steps))(drawn)))()


def aims(run: Run) -> dict[str, int]:
    """How far a run got, in each of the ways in which it may get further."""
    return {
        "credentials within reach of agents whose person is gone": outliving(run),
        "breaches that were stopped": run.node.challenged,
        "credentials within reach": len(run.node.best),
    }


def outliving(run: Run) -> int:
    """How many good credentials agents hold for people who are not there."""
    world = run.node.world
    people, now = world.people, world.now_ms
    held = (world.credentials[handle] for agent in run.larger.agents for handle in run.held.get(agent, {}).values())
    return sum(one.expires_ms > now and one.user in people and not people[one.user].present for one in held)


class Drawn:
    """The larger world of one requirement on one design, and the runs in it."""

    def __init__(
        self,
        system: System,
        controls: Controls,
        requirement: Requirement,
        *,
        vocabulary: Vocabulary = STANDARD,
        seed: int = 0,
        misfortunes: Sequence[Misfortunes] = ADVERSE,
    ) -> None:
        self.misfortunes = misfortunes
        self.starts: Callable[[int], World] = cache(
            lambda wrong: first_world(system, controls, seed=seed, misfortunes=misfortunes[wrong])
        )
        self.larger = Larger(system, controls, requirement, self.starts(0))
        self.facets = whole(requirement, vocabulary)
        self.monitors = [monitor(rule, vocabulary) for rule in requirement.rules]

    def run(self, example: Example) -> Run:
        """A run with its decisions taken, up to the first that breaks a rule."""
        wrong, swarm, decisions = example
        run = Run(Node(self.starts(self.befalls(wrong)).fork(), self.facets, tells_all=True), self.larger, swarm)
        mixture = tables(swarm)
        for number, decision in enumerate(decisions):
            decide(run, mixture, number, decision)
            if run.node.broken:
                break
        return run

    def befalls(self, number: int) -> int:
        """Which of the misfortunes befalls a run: the first, which is none as a rule, in half of them."""
        return 0 if number < HUNDRED // 2 else number % len(self.misfortunes)

    def attack(self, example: Example, broken: Sequence[Broken]) -> Attack:
        """The shortest attack in a run; what breaks a requirement without any misfortune is told without one."""
        for number in dict.fromkeys((0, self.befalls(example[0]))):
            found = shortest_if_any(self.starts(number), self.monitors, broken)
            if found is not None:
                return replace(found, misfortunes=self.misfortunes[number])
        raise AssertionError("a run that was found breaks the rule again from its own start")
