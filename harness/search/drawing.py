"""The adversary drawn by Hypothesis: for horizons and arguments that a small world cannot be searched through.

The same choices, the same mechanics and the same monitors as the exploration. A draw picks a sort of command, who gives
it, for what and with what, and one of those, so that the many token requests do not crowd out the few other things.
Runs are driven towards those that got further; what breaks a rule is shrunk by the same shrinking. That nothing was
found says only that nothing was found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.plan.controls import Controls
from harness.plan.system import System
from harness.requirements import Requirement
from harness.search.explore import first_world
from harness.search.facets import whole
from harness.search.node import Broken, Node
from harness.search.shrink import Attack, shortest
from harness.trace import STANDARD, Vocabulary
from harness.world.mechanics import commands as c
from harness.world.mechanics.bounds import Bounds
from harness.world.mechanics.choices import choices
from harness.world.mechanics.engine import deadlines

Draw = tuple[int, int, int, int, int]
MOST_DRAWN = 1 << 16


def draw_attacks(
    system: System,
    controls: Controls,
    requirement: Requirement,
    *,
    vocabulary: Vocabulary = STANDARD,
    view: Bounds | None = None,
    runs: int = 300,
    steps: int = 40,
    seed: int = 0,
) -> Attack | None:
    """Draw runs of up to `steps` commands; the shortest attack in the first that breaks the requirement, or None."""
    import hypothesis
    from hypothesis import strategies

    view = view or Bounds.of(system)
    start = first_world(system, controls, seed=seed)
    facets = whole(requirement, vocabulary)
    draws = strategies.lists(
        strategies.tuples(*(strategies.integers(0, MOST_DRAWN) for _ in range(5))),
        min_size=steps,
        max_size=steps,
    )
    broken: list[Broken] = []

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=runs, database=None, deadline=None, phases=[hypothesis.Phase.generate, hypothesis.Phase.target],
        suppress_health_check=list(hypothesis.HealthCheck), derandomize=False,
    )  # fmt: skip
    @hypothesis.given(draws)
    def drawn(run: list[Draw]) -> None:
        if broken:
            return
        node = Node(start.fork(), facets)
        for draw in run:
            _take(node, view, draw)
            if node.broken:
                broken.extend(node.broken)
                return
        hypothesis.target(float(len(node.best)), label="credentials within reach")
        hypothesis.target(float(node.challenged), label="breaches that were stopped")

    drawn()
    return shortest(start, [one.monitor for one in facets], broken[:1]) if broken else None


def _take(node: Node, view: Bounds, draw: Draw) -> None:
    """The command that a draw means in this state."""
    left = list(choices(node.world, view))
    for level, drawn in zip(_LEVELS, draw, strict=False):
        groups: dict[object, list[c.Command]] = {}
        for command in left:
            groups.setdefault(level(command), []).append(command)
        left = list(groups.values())[drawn % len(groups)]
    command = left[draw[-1] % len(left)] if draw[-1] % 2 else left[0]
    node.do(command, _instant(node, draw[-1]) if isinstance(command, c.Jump) else None)


_LEVELS: tuple[Callable[[c.Command], object], ...] = (
    type,
    lambda command: getattr(command, "agent", None),
    lambda command: getattr(command, "grant", getattr(command, "endpoint", None)),
    lambda command: getattr(command, "audience", getattr(command, "credential", None)),
)


def _instant(node: Node, drawn: int) -> int:
    """One of the instants that matter to the mechanics or to the rules; a second later where there is none."""
    now = node.world.now_ms
    soon: Sequence[int] = sorted({*node.instants(), *(at for at in deadlines(node.world) if at < now + 86_400_000)})
    return soon[drawn % len(soon)] if soon else now + 1_000
