"""What the settings of controls in a system file can say: names of controls, places, strengths, causes and operations.

The catalogue says which keys a control has; which words they take is here, as the world reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import get_args

from harness.load import Document, Problem, did_you_mean
from harness.plan.controls import control_catalogue
from harness.plan.misfortunes import Signalled
from harness.plan.system import Setting, System

CAUSES: tuple[str, ...] = get_args(Signalled)
PATHS = ("login", "code", "refresh", "exchange", "client_credentials", "jwt_bearer", "backchannel", "ciba")
PRINCIPALS = ("user", "client", "agent", "audience", "idp")


def setting_problems(system: System, document: Document) -> Iterator[Problem]:
    """Mistakes in the controls of a system: each would leave a design as it is without a word."""
    places = {*system.apis, *system.servers, *system.agents, *system.services}
    for key, setting in system.controls.items():
        if key not in control_catalogue():
            hint = did_you_mean(key, control_catalogue())
            yield document.problem(f"unknown control `{key}`", "controls", key, on_key=True, suggestion=hint)
        for field in ("at", "outside"):
            for number, place in enumerate(getattr(setting, field)):
                if place not in places:
                    yield unknown(document, "place", place, places, "controls", key, field, number)
        yield from _strength_problems(key, setting, document, places)
        yield from _meaning_problems(key, setting, system, document)


def _meaning_problems(key: str, setting: Setting, system: System, document: Document) -> Iterator[Problem]:
    """A key that this control does not have, or a word that names nothing, would change nothing without a word."""
    control = control_catalogue().get(key)
    if control is None:
        return
    for field in sorted(setting.model_fields_set - {"on", "places", "strength"}):
        if field not in control.settings:
            hint = f"keys here: {', '.join(f'`{one}`' for one in ('on', *control.settings))}"
            yield document.problem(
                f"`{field}` means nothing for {key}", "controls", key, field, on_key=True, suggestion=hint
            )
    for field, known in (("causes", CAUSES), ("operations", _operations(key, system))):
        for number, word in enumerate(getattr(setting, field) if field in control.settings else ()):
            if word not in known:
                yield unknown(document, field[:-1], word, known, "controls", key, field, number)


def _operations(control: str, system: System) -> set[str]:
    """What `operations` of a control can name: paths to a token and principals, or endpoints and what they do."""
    if control in ("K16", "K22"):
        return {*PATHS, *PRINCIPALS, *(f"{path}.{one}" for path in PATHS for one in PRINCIPALS)}
    found = [(api, name, one) for api, group in system.apis.items() for name, one in group.endpoints.items()]
    return {word for api, name, one in found for word in (name, f"{api}.{name}", one.operation) if word is not None}


def _strength_problems(key: str, setting: Setting, document: Document, places: set[str]) -> Iterator[Problem]:
    """A strength that the catalogue does not have would be taken for the ordinary one without a word."""
    known = control_catalogue()[key].strengths if key in control_catalogue() else {}
    for place, strength in setting.places.items():
        if place not in places:
            hint = did_you_mean(place, places)
            yield document.problem(
                f"unknown place `{place}`", "controls", key, "places", place, on_key=True, suggestion=hint
            )
        if strength not in known:
            yield unknown(document, f"strength of {key}", strength, known, "controls", key, "places", place)
    if setting.strength is not None and setting.strength not in known:
        yield unknown(document, f"strength of {key}", setting.strength, known, "controls", key, "strength")


def unknown(document: Document, what: str, value: str, known: Iterable[str], *path: str | int) -> Problem:
    """A name that nothing has, with the nearest one."""
    return document.problem(f"unknown {what} `{value}`", *path, suggestion=did_you_mean(value, list(known)))
