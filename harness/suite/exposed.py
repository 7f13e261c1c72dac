"""How long data stays within reach after a departure, a logout or a denial, without consent, or of other people.

Makes the runs again with reach written, on the design and (for comparison, on the same draws) on the same system with
OAuth for logins only. `measure` does the measuring; which of it belongs to a requirement is read off its rules.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import msgspec

from harness.measure.exposure import foreign, without_consent
from harness.measure.reach import Reach, in_reach, most, open_spans, reaches
from harness.measure.windows import ALL_POINTS, Window, windows
from harness.plan import Controls, System, control_catalogue, unfit
from harness.plan.slack import FOREVER_MS, allowances
from harness.report.result import Exposed, RequirementVerdict, RunResult, SystemResult, replaced
from harness.requirements import Requirement, Rule
from harness.suite.project import Design, Project
from harness.suite.runs import Job, Progress, run_each
from harness.trace import Trace
from harness.world import simulate

_CAUSES: Mapping[str, str] = {
    "user.left": "departure",
    "user.logged_out": "logout",
    "agent.disabled": "denial",
    "consent.withdrawn": "consent",
}
_SLICES = {"consent": without_consent, "entitlement": foreign}


class Seen(NamedTuple):
    """The longest opening of one sort in one run. `kinds` are categories of one person, `people` at one moment."""

    of: str
    open_s: float
    ended: bool
    kinds: int
    people: int
    scenario: str


def with_exposure(
    project: Project, result: RunResult, *, seeds: Sequence[int], progress: Progress | None = None
) -> RunResult:
    """The result with the exposure behind each requirement; runs that fail say nothing here (their verdict does)."""
    found = {design.shown: _seen_on(project, design, seeds, progress) for design in project.designs}
    designs = {design.shown: design for design in project.designs}

    def change(system: SystemResult, verdict: RequirementVerdict) -> RequirementVerdict:
        design = designs[system.system]
        own, baseline = found[system.system]
        exposure = tuple(_exposed(design, design.requirements[verdict.requirement], own, baseline))
        return msgspec.structs.replace(verdict, exposure=exposure)

    return replaced(result, change)


def login_only(design: Design) -> Design:
    """The same system with OAuth for logins only: the login token goes along every hop, no control is on."""
    off = {key: {"on": False} for key in control_catalogue()}
    system = type(design.system).model_validate(
        {**_fields(design.system), "tokens": "passed_along", "controls": off, "controls_default": False}
    )
    return replace(design, system=system, controls=Controls.of(system))


def _fields(system: System) -> dict[str, object]:
    """The parts of a system, kept as they are: durations are read from text only once."""
    return {name: getattr(system, name) for name in type(system).model_fields}


def is_login_only(design: Design) -> bool:
    """Whether there is nothing to compare with, since the design is that itself."""
    return design.system.tokens == "passed_along" and not design.controls.active()


def _seen_on(
    project: Project, design: Design, seeds: Sequence[int], progress: Progress | None
) -> tuple[list[Seen], list[Seen] | None]:
    return (
        _measured(project, design, seeds, progress),
        None if is_login_only(design) else _measured(project, login_only(design), seeds, progress),
    )


def _measured(project: Project, design: Design, seeds: Sequence[int], progress: Progress | None) -> list[Seen]:
    jobs = [
        Job(design, scenario, seed)
        for scenario in project.scenarios
        if unfit(scenario, design.system) is None
        for seed in seeds
    ]
    each = run_each(jobs, look, lost=lambda job, reason: (), progress=progress)
    return [one for seen in each for one in seen]


def look(job: Job) -> tuple[Seen, ...]:
    """What one run shows of each sort that occurs in it; nothing where the run fails."""
    try:
        trace = simulate(job.design.system, job.design.controls, job.scenario, seed=job.seed, reach=True)
    except Exception:
        return ()  # the verdict of the same run says that it failed, and why
    return tuple(_seen(trace, job.scenario.id))


def _seen(trace: Trace, scenario: str) -> Iterator[Seen]:
    ways = reaches(trace)
    by_decision: dict[str, list[Window]] = defaultdict(list)
    for window in windows(trace, found=ways):
        if window.pep == ALL_POINTS:
            by_decision[window.decision].append(window)
    for decision, several in by_decision.items():
        worst = max(several, key=lambda one: (one.open_s, not one.ended))
        parts = [part for one in ways if _is_of(one, worst) and (part := one.within(_span(worst))) is not None]
        yield Seen(decision, worst.open_s, worst.ended, _kinds(parts), most(in_reach(parts, "people")), scenario)
    for name, pick in _SLICES.items():
        yield _stretch(name, list(pick(trace, ways)), scenario)


def _is_of(one: Reach, window: Window) -> bool:
    named = {
        "departure": (one.user,),
        "logout": (one.session,),
        "denial": (one.agent, one.root_agent),
    }
    return window.subject in named[window.decision]


def _span(window: Window) -> tuple[int, int]:
    return window.at_ms, window.at_ms + round(window.open_s * 1000)


def _stretch(name: str, parts: Sequence[Reach], scenario: str) -> Seen:
    """The longest time at a stretch in which something of a slice lay open; it ended unless the run did first."""
    steps = in_reach(parts)
    longest = max(open_spans(steps), key=lambda span: span[1] - span[0], default=(0, 0))
    ended = all(one.cause is not None for one in parts if one.closed_ms == longest[1])
    return Seen(name, (longest[1] - longest[0]) / 1000, ended, _kinds(parts), most(in_reach(parts, "people")), scenario)


def _kinds(parts: Iterable[Reach]) -> int:
    """The most categories of one person's records among some reaches."""
    by_owner: dict[str, set[str]] = defaultdict(set)
    for one in parts:
        if one.owner is not None and one.category is not None:
            by_owner[one.owner].add(one.category)
    return max(map(len, by_owner.values()), default=0)


# ---------------------------------------------------------------- what belongs to a requirement


def _exposed(
    design: Design, requirement: Requirement, own: Sequence[Seen], baseline: Sequence[Seen] | None
) -> Iterator[Exposed]:
    limits = list(_limits(design, requirement))
    for name in dict.fromkeys(of for rule in requirement.rules for of in sorts(rule)):
        limit = next((one for one in limits if one.of == name), Exposed(of=name))
        yield _with_seen(limit, design.system, own, baseline)


def sorts(rule: Rule) -> Iterator[str]:
    """The sorts of exposure that a rule is about."""
    for clause in (rule.ends, rule.other):
        for kind in clause.kinds if clause is not None else ():
            if kind in _CAUSES:
                yield _CAUSES[kind]
            elif kind == "consent.granted":
                yield "consent"
    if any(name == "entitled" for _, name in rule.reads()):
        yield "entitlement"


def _limits(design: Design, requirement: Requirement) -> Iterator[Exposed]:
    """What the rules allow after each cause, the strictest first, with the design's closed form."""
    each = [one for rule in requirement.rules for one in allowances(rule, design.system, design.controls)]
    for one in sorted(each, key=lambda one: one.allowed_ms):
        endless = one.slack.longest_ms >= FOREVER_MS
        yield Exposed(
            of=_CAUSES[one.cause],
            allowed_s=one.allowed_ms / 1000,
            bound_s=None if endless else one.slack.longest_ms / 1000,
            bound=one.slack.parts,
        )


def _with_seen(limit: Exposed, system: System, own: Sequence[Seen], baseline: Sequence[Seen] | None) -> Exposed:
    worst, compared = _worst(own, limit.of), _worst(baseline or (), limit.of)
    if worst is None:
        return limit
    return msgspec.structs.replace(
        limit,
        open_s=worst.open_s,
        ended=worst.ended,
        runs=sum(one.of == limit.of for one in own),
        scenario=worst.scenario,
        kinds=worst.kinds,
        of_kinds=len(categories(system)),
        people_share=min(1.0, worst.people / len(system.people.customers)),
        baseline_open_s=compared.open_s if compared else None,
        baseline_ended=compared.ended if compared else True,
    )


def categories(system: System) -> frozenset[str]:
    """The kinds of records that one customer's file has on this system."""
    endpoints = [one for api in system.apis.values() for one in api.endpoints.values()]
    named = {one.category for one in endpoints if one.category is not None}
    return frozenset(named | {extra for one in endpoints for extra in one.extra})


def _worst(some: Iterable[Seen], of: str) -> Seen | None:
    return max((one for one in some if one.of == of), key=lambda one: (one.open_s, not one.ended), default=None)
