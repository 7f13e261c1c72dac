"""Which endpoints stand for honest work in a starter project: something to read, something to change, something to approve.

A choice among guesses: the first endpoint of each sort that is not for operators. The rest is what agents have no
business at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from harness.plan.describe.model import Described, Description, Guess, words_of


class Work(NamedTuple):
    """The honest tasks of a starter system by kind, and an endpoint that none of them needs."""

    tasks: dict[str, Described]
    off_list: Described | None


def choose(description: Description) -> Work:
    """Pick the honest work; an API without anything of a sort goes without that task."""
    wanted: dict[str, Callable[[Described], bool]] = {
        "read": lambda one: one.action == "read",
        "change": lambda one: one.action == "write" and one.privilege.value == "medium",
        "pay": lambda one: one.privilege.value == "high",
    }
    candidates = sorted((one for one in description.endpoints if one.administrative is None), key=_is_plumbing)
    tasks = {}
    for kind, fits in wanted.items():
        found = next((one for one in candidates if fits(one)), None)
        if found is not None:
            tasks[kind] = found
    return Work(tasks, _off_list(description, list(tasks.values())))


PLUMBING = frozenset({"oauth", "oauth2", "authorize", "token", "tokens", "login", "logout", "health", "status", "ping"})


def _is_plumbing(endpoint: Described) -> bool:
    """Whether an endpoint is about signing in or being up: nobody asks an agent for that."""
    return bool(words_of(endpoint.name, endpoint.label) & PLUMBING)


def _off_list(description: Description, used: list[Described]) -> Described | None:
    """An endpoint with a scope that no honest task has, one for operators if there is one."""
    scopes = {scope_of(one) for one in used}
    others = [one for one in description.endpoints if one not in used and scope_of(one) not in scopes]
    others.sort(key=lambda one: (one.administrative is None, one.privilege.value != "low"))
    return next(iter(others), None)


def scope_of(endpoint: Described) -> str:
    """The scope that opens an endpoint, stated or guessed."""
    return endpoint.scope.value if isinstance(endpoint.scope, Guess) else endpoint.scope
