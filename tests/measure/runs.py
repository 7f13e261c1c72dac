"""Small traces written by hand, and their generators: what the tests of the measures share."""

from __future__ import annotations

from hypothesis import strategies as st

from harness.trace import Cause, Event, Request, Route, Trace, Who

AGENT = "insurance_agent"


def who(user: str | None = "ana", agent: str | None = AGENT, **more: str) -> Who:
    """An agent that works for a person."""
    return Who(agent or "ana", "agent", user=user, agent=agent, root_agent=more.pop("root_agent", agent), **more)


def opened(time_ms: int, name: str, by: Who | None = None, **own: object) -> Event:
    fields = {"reach": name, "owner": "ana", "category": "policy", "records": 2, "pep": "policies", **own}
    return Event("reach.opened", time_ms, f"o{name}", by or who(), {"credential": f"t{name}", **fields})


def closed(time_ms: int, name: str, cause: str = "expired", by: Who | None = None) -> Event:
    return Event("reach.closed", time_ms, f"c{name}", by or who(), {"reach": name, "cause": cause})


def person(kind: str, time_ms: int, user: str = "ana", session: str | None = None, **own: object) -> Event:
    return Event(kind, time_ms, f"{kind}{user}{time_ms}", Who(user, "user", user=user, session=session), own)


def admin(kind: str, time_ms: int, agent: str = AGENT) -> Event:
    return Event(kind, time_ms, f"{kind}{agent}{time_ms}", Who("admin", "admin", agent=agent), {"by": "admin"})


def trace(*events: Event, **counters: object) -> Trace:
    """A trace of these events, put in the order of their times."""
    return Trace({}, sorted(events, key=lambda event: event.time_ms), dict(counters))


@st.composite
def traces(
    draw: st.DrawFn, users: tuple[str, ...] = ("ana", "ben"), agents: tuple[str, ...] = (AGENT, "other")
) -> Trace:
    """Traces of up to eight reaches with presence, logouts, consents and denials between them; 0 to 100 ms."""
    prefix = "/".join(users)
    events: list[Event] = []
    for number in range(draw(st.integers(0, 8))):
        start, length = draw(st.integers(0, 90)), draw(st.integers(0, 40))
        by = who(
            draw(st.sampled_from(users)),
            draw(st.sampled_from(agents)),
            session=draw(st.sampled_from([f"{prefix}1", f"{prefix}2"])),
        )
        own = {
            "owner": draw(st.sampled_from(users)),
            "category": draw(st.sampled_from(["policy", "claim"])),
            "records": draw(st.integers(0, 4)),
            "provider": draw(st.sampled_from(["", "acme"])),
        }
        events += [opened(start, f"{prefix}{number}", by, **own)]
        events += [closed(start + length, f"{prefix}{number}", by=by)] if draw(st.booleans()) else []
    for number in range(draw(st.integers(0, 8))):
        user, agent, at = draw(st.sampled_from(users)), draw(st.sampled_from(agents)), draw(st.integers(0, 99))
        kind = draw(st.sampled_from(["user.left", "user.arrived", "user.logged_out", "consent", "agent"]))
        if kind == "consent":
            given_kind = draw(st.sampled_from(["consent.granted", "consent.withdrawn"]))
            events.append(person(given_kind, at, user, recipient="acme", purpose="advice", categories=("policy",)))
        elif kind == "agent":
            events.append(admin(draw(st.sampled_from(["agent.disabled", "agent.enabled"])), at, agent))
        else:
            events.append(person(kind, at, user, session=f"{prefix}1"))
        events[-1] = Event(events[-1].kind, at, f"p{prefix}{number}", events[-1].who, events[-1].own)
    return trace(*events, end_s=0.1)


def call(time_ms: int, by: Who | None = None, *, endpoint: str = "policies.read", twist: str | None = None) -> Event:
    """A request that an enforcement point let in."""
    route = Route(endpoint.split(".")[0], endpoint.split(".")[0], endpoint)
    request = Request(f"req{time_ms}", route)
    by = by or who()
    return Event("request.allowed", time_ms, f"call{time_ms}{by.agent}", by, request=request, cause=Cause("g", twist))
