"""How much privilege stands around: usable credentials over time, the blast radius of an agent, what was granted unused.

Usable is a credential that at least one enforcement point would let in now; least privilege means that their number falls
to zero between tasks, that what is granted is used, and that what is sent is needed. Source: OWASP LLM06:2025, NIST SP
800-207 (per-session, least-privilege access), GDPR article 5(1)(c) for fields.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.measure import spans
from harness.measure.exposure import outside_tasks
from harness.measure.reach import Reach, Steps, distinct, in_reach, integral, most, reaches
from harness.trace import Event, Trace


@dataclass(frozen=True, slots=True)
class Standing:
    """Usable credentials of agents over time. Integrals in credential-seconds; `most` is at one moment.

    `outside_tasks_s` is the part that stood while the task it was granted for was not under way.
    """

    steps: Steps
    credential_s: float
    outside_tasks_s: float
    most: int
    at_end: int


@dataclass(frozen=True, slots=True)
class Blast:
    """What whoever takes over one agent could turn to: different records, people and endpoints over the run.

    `most_records` and `most_people` are those in reach at one moment; `record_s` in record-seconds.
    """

    agent: str
    records: int
    people: int
    endpoints: int
    most_records: int
    most_people: int
    record_s: float


@dataclass(frozen=True, slots=True)
class Unused:
    """Endpoints that lay open to an agent, and those of them that no honest request of it was let in to."""

    agent: str
    granted: tuple[str, ...]
    unused: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sent:
    """Fields (from APIs) or categories (to providers) that were sent, and those of them that the purpose needs."""

    what: str
    sent: int
    needed: int

    @property
    def ratio(self) -> float | None:
        """Sent for each one needed: 1 is as it should be; None where nothing that was needed was sent."""
        return self.sent / self.needed if self.needed else None


def standing(trace: Trace, *, found: Sequence[Reach] | None = None) -> Standing:
    """The credentials that agents could use, over time."""
    ways = reaches(trace) if found is None else found
    steps = usable(ways)
    end_ms = spans.end_of(trace)
    last = [one for one in ways if one.closed_ms == end_ms and one.cause is None]
    return Standing(
        steps=steps,
        credential_s=integral(steps),
        outside_tasks_s=integral(usable(outside_tasks(trace, ways))),
        most=most(steps),
        at_end=len({one.credential for one in last}),
    )


def usable(found: Iterable[Reach]) -> Steps:
    """How many different credentials open at least one way, over time."""
    as_records = [
        Reach(one.id, one.opened_ms, one.closed_ms, one.credential, None, 1)
        for one in found
        if one.credential is not None
    ]
    return in_reach(as_records)


def blast_radius(trace: Trace, *, found: Sequence[Reach] | None = None) -> list[Blast]:
    """The blast radius of each agent that could reach anything, by name."""
    by_agent: dict[str, list[Reach]] = defaultdict(list)
    for one in reaches(trace) if found is None else found:
        if one.agent is not None:
            by_agent[one.agent].append(one)
    return [_blast(agent, own) for agent, own in sorted(by_agent.items())]


def unused(trace: Trace, *, found: Sequence[Reach] | None = None) -> list[Unused]:
    """Endpoints granted and unused, for each agent."""
    granted: dict[str, set[str]] = defaultdict(set)
    for one in reaches(trace) if found is None else found:
        if one.agent is not None and one.endpoint is not None:
            granted[one.agent].add(one.endpoint)
    used: dict[str | None, set[str]] = defaultdict(set)
    for event in spans.facts(trace, "request.allowed"):
        if event.request is not None and (event.cause is None or event.cause.twist is None):
            used[event.who.agent].add(event.request.route.endpoint)
    return [
        Unused(agent, tuple(sorted(names)), tuple(sorted(names - used[agent])))
        for agent, names in sorted(granted.items())
    ]


def sent(trace: Trace) -> list[Sent]:
    """Data minimisation: fields that left APIs, and categories that reached LLM providers, against those needed."""
    accessed = list(spans.facts(trace, "data.accessed"))
    read = [event for event in accessed if event.own.get("action", "read") in ("read", "export")]
    needs = {e.own["purpose"]: frozenset(e.own.get("needed_categories", ())) for e in accessed if "purpose" in e.own}
    fields = [_fields(event) for event in read if "purpose" in event.own]
    tools = [event for event in spans.facts(trace, "llm.received") if event.own.get("origin") != "typed"]
    received = [_categories(event, needs) for event in tools if event.own.get("purpose") in needs]
    return [Sent(name, sum(s for s, _ in each), sum(n for _, n in each))
            for name, each in (("fields", fields), ("categories", received))]  # fmt: skip


def _fields(event: Event) -> tuple[int, int]:
    """Fields of one record that left, and those of them that are allowed and of a category that the purpose needs."""
    own = event.own
    left = set(own.get("fields", ()))
    needed = left & set(own.get("allowed_fields", left)) if own.get("category") in own["needed_categories"] else set()
    return len(left), len(needed)


def _categories(event: Event, needs: Mapping[str, frozenset[str]]) -> tuple[int, int]:
    left = set(event.own.get("categories", ()))
    return len(left), len(left & needs[event.own["purpose"]])


def _blast(agent: str, own: Sequence[Reach]) -> Blast:
    records, people = in_reach(own), in_reach(own, "people")
    return Blast(
        agent=agent,
        records=distinct(own),
        people=len({one.owner for one in own if one.owner is not None and one.records}),
        endpoints=len({one.endpoint for one in own}),
        most_records=most(records),
        most_people=most(people),
        record_s=integral(records),
    )
