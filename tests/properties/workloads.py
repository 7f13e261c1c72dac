"""Honest days at the insurer, drawn by Hypothesis: who comes when, asks for what, leaves how, and what operators do."""

from __future__ import annotations

from hypothesis import strategies as st

from harness.plan import Job, Scenario
from harness.plan.scenario import Action, Visit
from harness.plan.values import duration_text

KINDS = ("read", "claims", "history", "change", "pay", "letter", "shop", "repair")
SECOND_MS = 1_000


def durations(least_s: int, most_s: int) -> st.SearchStrategy[str]:
    """A duration as a file would write it."""
    return st.integers(least_s * 10, most_s * 10).map(lambda tenths: duration_text(tenths * 100))


def jobs() -> st.SearchStrategy[Job]:
    """Something to ask for."""
    return st.builds(
        lambda kind, at, amount: Job(kind=kind, at=at, amount=amount),
        st.sampled_from(KINDS),
        durations(1, 200),
        st.integers(1, 900),
    )


@st.composite
def visits(draw: st.DrawFn) -> Visit:
    """A stay: with an end in silence, with a logout, or until all is done."""
    ends = draw(st.sampled_from(("done", "leaves", "logs_out")))
    return Visit(
        user=draw(st.sampled_from("ABCD")),
        arrives=draw(durations(0, 60)),
        leaves=draw(durations(2, 150)) if ends == "leaves" else None,
        logs_out=draw(durations(2, 150)) if ends == "logs_out" else None,
        consents=draw(st.sampled_from(("given", "when_asked", "never"))),
        answers_after=draw(durations(1, 180)),
        approves=draw(st.sampled_from(("what_was_meant", "nothing", "never_answers"))),
        tasks=draw(st.lists(jobs(), min_size=1, max_size=3)),
    )


def actions() -> st.SearchStrategy[Action]:
    """Something that an administrator or a person decides."""
    kind = st.sampled_from(
        (
            {"disable_agent": "main"},
            {"disable_agent": "third_party"},
            {"enable_agent": "main"},
            {"lock_user": "A"},
            {"revoke_task_of": "A"},
            {"revoke_task_of": "B"},
            {"withdraw_consent": "A"},
            {"halt_task_of": "B"},
            {"leak_tokens_of": "A"},
        )
    )
    return st.builds(lambda act, at: Action(at=at, **act), kind, durations(1, 180))


@st.composite
def honest_days(draw: st.DrawFn, *, with_actions: bool = True) -> Scenario:
    """A day without misbehaviour; nobody comes twice."""
    found = draw(st.lists(visits(), min_size=1, max_size=4, unique_by=lambda one: one.user))
    acts = draw(st.lists(actions(), max_size=2)) if with_actions else []
    return Scenario(kind="scenario", id="H99", title="an honest day", visits=found, actions=acts)
