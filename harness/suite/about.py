"""What a result rests on: the settings that production must have too, and fingerprints of what was judged.

Read off the design as it was simulated, so that the page cannot promise what was not tested.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from harness.plan import control_catalogue
from harness.report.result import Assumption
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
    """Every number and mechanism of a design that its verdicts depend on, in the words of the catalogue."""
    return (*_servers(design), *_controls(design))


def _servers(design: Design) -> Iterator[Assumption]:
    for name, server in design.system.servers.items():
        for key, what in _SERVER:
            yield Assumption(what=f"{name}: {what}", value=duration_spoken(getattr(server, key)))


def _controls(design: Design) -> Iterator[Assumption]:
    for key, control in control_catalogue().items():
        setting = design.controls.setting(key)
        if not setting.on:
            continue
        parts = [f"{what} {duration_spoken(time_ms)}" for name, what in _SETTING if (time_ms := getattr(setting, name))]
        parts += [f"limit {setting.limit}"] if setting.limit is not None else []
        parts += [f"at {', '.join(setting.at)}"] if setting.at else []
        parts += [f"not at {', '.join(setting.outside)}"] if setting.outside else []
        yield Assumption(what=f"{control.name} ({key})", value="; ".join(["in place", *parts]))


def design_fingerprint(design: Design) -> str:
    """Twelve hexadecimal digits that change with the system or the controls that apply."""
    return _digest(design.system.model_dump_json() + "".join(design.controls.active()))


def requirements_fingerprint(requirements: RequirementSet) -> str:
    """Twelve hexadecimal digits that change with the requirements file."""
    return _digest(requirements.document.text)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
