"""Exposure in plain words: what stayed within reach, for how long, what the rule allows, and how much shorter that is.

Times and shares of the simulation; a count of people only where the system file gives a population that somebody measured
or estimated. Says *at least* where a run ended before the last way closed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from harness.report.result import Exposed, Population
from harness.report.story import clock

LOGIN_ONLY = "OAuth for logins only"


class Phrase(NamedTuple):
    """How one sort is said: when, whose records, and to whom they lie open."""

    when: str
    whose: str
    to: str = "agents"


PHRASES: Mapping[str, Phrase] = {
    "departure": Phrase("after a person leaves without a word", "that person's"),
    "logout": Phrase("after a person logs out", "that person's"),
    "denial": Phrase("after an administrator disables an agent", "one person's", "that agent"),
    "consent": Phrase("without a consent in force", "one person's", "a model provider"),
    "entitlement": Phrase("without being entitled to them", "another person's"),
}


def sentences(one: Exposed, population: Population | None = None) -> list[str]:
    """What is to be said of one sort: what was measured, what is allowed, the worst case, the comparison."""
    return [_upper(text) for text in (*_measured(one, population), *_limit(one), *_compared(one))]


def too_long(one: Exposed) -> bool:
    """Whether something stays within reach for longer than the rule allows, as measured or by the settings."""
    if one.allowed_s is None:
        return one.of == "entitlement" and bool(one.open_s)
    return (one.open_s or 0) > one.allowed_s or bool(one.bound and (one.bound_s is None or one.bound_s > one.allowed_s))


def lasting(seconds: float) -> str:
    """A length of time: `223.467` is `3 m 43 s`, `14400` is `4 h`; parts of a second only below a minute."""
    text = clock(round(seconds * 1000) if seconds < 60 else round(seconds) * 1000)
    for empty in (" 00 s", " 00 m", " 00 h"):
        text = text.removesuffix(empty)
    return text


def _measured(one: Exposed, population: Population | None) -> Iterator[str]:
    phrase = PHRASES[one.of]
    if one.open_s is None:
        yield f"no run here shows what lies within reach {phrase.when}"
    elif one.open_s == 0:
        yield f"{phrase.when}, nothing lay within reach of {phrase.to} in any of {one.runs:,} runs"
    else:
        bound = "up to" if one.ended else "at least"
        yield (
            f"{phrase.when}, {_records(one)} stayed within reach of {phrase.to} for {bound} {lasting(one.open_s)}"
            f"{_allowed(one)}, the longest of {one.runs:,} runs ({one.scenario})"
        )
        if one.of == "denial":
            yield from _people(one, population)


def _allowed(one: Exposed) -> str:
    """The time that the rule allows, beside how much of it something lay within reach."""
    if one.allowed_s is None or one.of == "consent" or one.open_s is None:
        return ""
    if not one.allowed_s:
        return ", where the rule allows no time at all"
    allowed = lasting(one.allowed_s)
    return f" of the {allowed} that the rule allows" if one.open_s <= one.allowed_s else f", where the rule allows {allowed}"


def _records(one: Exposed) -> str:
    """Whose records, and how much of the file: `that person's whole file, 4 of 4 categories,`."""
    whose = PHRASES[one.of].whose
    if not one.kinds or not one.of_kinds:
        return f"{whose} records"
    if one.kinds >= one.of_kinds:
        return f"{whose} whole file, {one.kinds} of {one.of_kinds} categories,"
    return f"{one.kinds} of {one.of_kinds} categories of {whose} records"


def _people(one: Exposed, population: Population | None) -> Iterator[str]:
    """How many people at one moment: a share, and a count only where somebody counted."""
    if one.people_share is None:
        return
    counted = ""
    if population is not None and population.kind != "invented":
        people = round(one.people_share * population.customers)
        counted = f"; of {population.customers:,} customers ({population.kind}: {population.source}) that is {people:,}"
    yield f"at one moment this was {one.people_share:.0%} of the simulated customers{counted}"


def _limit(one: Exposed) -> Iterator[str]:
    after = "after a withdrawal " if one.of == "consent" else ""
    if one.allowed_s is not None and not (one.open_s and _allowed(one)):
        yield f"{after}the rule allows {lasting(one.allowed_s) if one.allowed_s else 'no time at all'}"
    if one.bound:
        bound = "no end" if one.bound_s is None else lasting(one.bound_s)
        yield f"{after}the worst case by the design's settings is {bound} ({one.bound})"


def _compared(one: Exposed) -> Iterator[str]:
    """The ratio to logins only, where both are known well enough to have one."""
    if one.open_s is None or one.baseline_open_s is None:
        return
    least = "" if one.baseline_ended else "at least "
    other = f"with {LOGIN_ONLY} it is {least}{lasting(one.baseline_open_s)}"
    if one.baseline_open_s <= one.open_s:
        yield f"not shorter than with {LOGIN_ONLY}" if one.ended and one.baseline_ended else other
    elif one.open_s == 0 or not one.ended:
        yield other
    else:
        ratio = one.baseline_open_s / one.open_s
        yield f"{least}{_round(ratio):,} times shorter than with {LOGIN_ONLY}" if ratio >= 2 else other


def _round(ratio: float) -> int:
    """Two digits that count, rounded down: a simulation's longest run knows no more."""
    step = int(10 ** max(0, len(str(int(ratio))) - 2))
    return int(ratio) // step * step


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
