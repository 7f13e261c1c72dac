"""Who plays which part: a scenario's `A`, `B`, `main` are people and agents of the system that it runs on."""

from __future__ import annotations

from harness.plan.scenario import Scenario
from harness.plan.system import System

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Cast:
    """Names of a scenario, resolved on a system."""

    def __init__(self, system: System, scenario: Scenario) -> None:
        self._system = system
        self._customers = system.people.customers
        self._agents = {"main": next((k for k, a in system.agents.items() if a.kind == "backend"), ""),
                        "third_party": next((k for k, a in system.agents.items() if a.kind == "third_party"), ""),
                        "foreign": next((k for k, a in system.agents.items() if a.kind == "partner"), "")}  # fmt: skip

    def person(self, name: str) -> str:
        """The id of a person."""
        if len(name) == 1 and name in LETTERS and LETTERS.index(name) < len(self._customers):
            return self._customers[LETTERS.index(name)]
        return name

    def agent(self, name: str) -> str:
        """The id of an agent."""
        return self._agents.get(name, name)

    @property
    def admin(self) -> str:
        """The administrator who acts where nobody is named."""
        return next(iter(self._system.people.administrators), "admin")

    def place(self, name: str) -> str:
        """The name of a server; `home` is the one at which people sign in."""
        known = name in self._system.servers or name in self._system.apis
        return self._system.home_server if name == "home" and not known else name

    def others(self, user: str) -> tuple[str, ...]:
        """Other customers with nothing in common with this one, first to last."""
        joint = {name for group in self._system.people.joint if user in group for name in group}
        return tuple(name for name in self._customers if name != user and name not in joint)
