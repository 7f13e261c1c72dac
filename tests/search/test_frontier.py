"""The frontier on models whose answer is known: the fewest events, every level whole, equal states once."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from harness.search.frontier import Frontier

TEN = ("a", "b", "a", "c", "d", "b", "b", "a", "d", "c")
"""The one order of ten events that springs the planted bug."""


def planted(state: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """A lock that forgets everything at the first wrong event, and keeps count of nothing else."""
    for event in "abcd":
        right = (*state, event)
        yield right if TEN[: len(right)] == right else (event,) if event == TEN[0] else ()


def test_a_planted_bug_of_ten_steps_is_found_in_ten() -> None:
    sprung: list[tuple[str, ...]] = []

    def enter(state: tuple[str, ...]) -> bool:
        if state == TEN:
            sprung.append(state)
        return state != TEN

    frontier = Frontier(planted, enter, lambda state: state)
    frontier.start(())
    while not sprung and frontier.level:
        frontier.deepen()
    assert frontier.depth == len(TEN)
    assert len(frontier.seen) == len(TEN)  # each prefix once, out of more than a million orders


@given(edges=st.sets(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=40))
def test_depth_is_the_distance_in_the_graph(edges: set[tuple[int, int]]) -> None:
    reached = {0: 0}
    frontier: Frontier[int] = Frontier(
        lambda state: sorted(b for a, b in edges if a == state), lambda state: True, lambda state: state
    )
    frontier.start(0)
    while frontier.level:
        frontier.deepen()
        for state in frontier.level:
            reached.setdefault(state, frontier.depth)
    assert reached == _distances(edges)


def _distances(edges: set[tuple[int, int]]) -> dict[int, int]:
    """Bellman and Ford's way: relax every edge until nothing changes."""
    found = {0: 0}
    for _ in range(14):
        for a, b in edges:
            if a in found and found[a] + 1 < found.get(b, 99):
                found[b] = found[a] + 1
    return found


def test_a_level_that_was_cut_short_is_not_complete() -> None:
    frontier = Frontier(planted, lambda state: True, lambda state: state)
    frontier.start(())
    assert not frontier.deepen(lambda: True)
    assert frontier.depth == 0
