"""The catalogue of controls, and a system's settings of them resolved: which applies where, with what strength.

A control is a setting with a place, not a switch. Turning one off (`without`) keeps the others as they are, which is
how a design is ablated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Literal

from harness.load import load_model
from harness.plan.system import Setting, System
from harness.plan.values import Closed, Name


class Control(Closed):
    """One named protective mechanism, as the catalogue describes it."""

    id: Name
    name: str
    text: str
    source: str
    place: str
    settings: list[Name]
    strengths: dict[Name, str] = {}
    checks: list[Name]
    cost: str


class ControlCatalogue(Closed):
    """All controls that a system file can set."""

    kind: Literal["controls"]
    controls: list[Control]


@cache
def control_catalogue() -> Mapping[str, Control]:
    """The controls by id, in the order of the catalogue."""
    with resources.as_file(resources.files("harness.plan") / "catalogue" / "controls.yaml") as path:
        loaded = load_model(path, ControlCatalogue)
    return {control.id: control for control in loaded.model.controls}


@cache
def credit() -> Mapping[str, str]:
    """The control that is credited with a refusal, by the word of the check that refused."""
    return {check: control.id for control in control_catalogue().values() for check in control.checks}


_OFF = Setting(on=False)
INSISTING = "K32"
"""On wherever a system says what it insists on, unless it says otherwise."""


class Controls:
    """The settings of one design. `on(control, place)` is the only question that the world asks."""

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        self._settings = dict(settings)
        self._answers: dict[tuple[str, str | None, str | None], bool] = {}

    @classmethod
    def of(cls, system: System, *, without: Iterable[str] = (), adding: Iterable[str] = ()) -> Controls:
        """The settings of a system, some controls taken away and others added with their defaults."""
        absent = Setting(on=system.controls_default)
        settings = {key: system.controls.get(key, absent) for key in control_catalogue()}
        if system.insists and INSISTING not in system.controls:
            settings[INSISTING] = Setting()
        settings.update({key: system.controls.get(key, Setting()).model_copy(update={"on": True}) for key in adding})
        settings.update(dict.fromkeys(without, _OFF))
        return cls(settings)

    def setting(self, control: str) -> Setting:
        """The setting of a control, also where it is off."""
        return self._settings.get(control, _OFF)

    def on(self, control: str, place: str | None = None, operation: str | None = None) -> bool:
        """Whether a control applies, at this place and to this operation where they matter."""
        key = (control, place, operation)
        answer = self._answers.get(key)
        if answer is None:
            answer = self._answers[key] = self._applies(control, place, operation)
        return answer

    def _applies(self, control: str, place: str | None, operation: str | None) -> bool:
        setting = self.setting(control)
        if not setting.on:
            return False
        if place is not None and ((setting.at and place not in setting.at) or place in setting.outside):
            return False
        return operation is None or not setting.operations or operation in setting.operations

    def active(self) -> tuple[str, ...]:
        """The ids of the controls that are on somewhere."""
        return tuple(key for key, setting in self._settings.items() if setting.on)
