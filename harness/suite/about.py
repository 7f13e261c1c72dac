"""What a result rests on: the settings that production must have too, and fingerprints of what was judged.

Read off the design as it was simulated, so that the page cannot promise what was not tested.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date

from harness.plan import control_catalogue, misbehaviour_catalogue
from harness.plan.needs import applies
from harness.plan.system import Assumed
from harness.report.result import Assumption, Population
from harness.requirements import RequirementSet, duration_spoken
from harness.suite.project import Design

_SERVER = (
    ("access_token_lifetime", "access tokens live at most"),
    ("session_idle", "a session ends without a human act after"),
    ("session_lifetime", "a session ends in any case after"),
    ("leeway", "clocks may differ by"),
)
_SETTING = (("delay", "takes effect within"), ("lifetime", "lasts at most"))


def assumptions(design: Design) -> tuple[Assumption, ...]:
    """Every number and mechanism of a design that its verdicts depend on, in the words of the catalogue.

    Who answers for each in production, and whether it was confirmed there, is what the system file says; what that adds of
    its own comes last.
    """
    said = design.system.assumptions
    simulated = dict([*_servers(design), *_controls(design)])
    own = [
        _confirmed(key, one.value or "", one)
        for key, one in said.items()
        if key not in simulated and one.value is not None
    ]
    return (*(_confirmed(what, value, said.get(key)) for key, (what, value) in simulated.items()), *own)


def applicable(design: Design) -> tuple[str, ...]:
    """The misbehaviours of the catalogue that the system has everything for."""
    return tuple(key for key in misbehaviour_catalogue() if applies(key, design.system) is None)


def population(design: Design) -> Population | None:
    """How many customers there really are, where the system file says so with a source."""
    people = design.system.people
    if people.population is None or people.population_source is None:
        return None
    return Population(
        customers=people.population, source=people.population_source.source, kind=people.population_source.kind
    )


def _confirmed(what: str, value: str, said: Assumed | None) -> Assumption:
    confirmed = said.confirmed if said is not None else None
    return Assumption(
        what=what,
        value=value,
        owner=(said.owner if said is not None else None) or "",
        confirmed=confirmed.isoformat() if isinstance(confirmed, date) else confirmed or "",
    )


Simulated = tuple[str, tuple[str, str]]
"""The name by which a system file confirms something, what it is, and the value that was simulated."""


def _servers(design: Design) -> Iterator[Simulated]:
    for name, server in design.system.servers.items():
        for key, what in _SERVER:
            yield f"{name}.{key}", (f"{name}: {what}", duration_spoken(getattr(server, key)))


def _controls(design: Design) -> Iterator[Simulated]:
    for key, control in control_catalogue().items():
        setting = design.controls.setting(key)
        if not setting.on:
            continue
        parts = [f"{what} {duration_spoken(time_ms)}" for name, what in _SETTING if (time_ms := getattr(setting, name))]
        parts += [f"strength {setting.strength}"] if setting.strength is not None else []
        parts += [f"limit {setting.limit}"] if setting.limit is not None else []
        parts += [f"at {', '.join(setting.at)}"] if setting.at else []
        parts += [f"not at {', '.join(setting.outside)}"] if setting.outside else []
        yield key, (f"{control.name} ({key})", "; ".join(["in place", *parts]))


def design_fingerprint(design: Design) -> str:
    """Twelve hexadecimal digits that change with the system or the controls that apply, not with who confirmed them."""
    return _digest(design.system.model_dump_json(exclude={"assumptions"}) + "".join(design.controls.active()))


def requirements_fingerprint(requirements: RequirementSet) -> str:
    """Twelve hexadecimal digits that change with the requirements file."""
    return _digest(requirements.document.text)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
