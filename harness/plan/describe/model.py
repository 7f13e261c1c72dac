"""What a description says of an API, endpoint by endpoint, and what had to be guessed: never more certain than it is.

A guess carries its reason, which is written beside it in the system file, so that whoever edits the file sees what nobody
has decided yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

Action = Literal["read", "write", "delete", "export", "none"]
MAX_NAME = 60


@dataclass(frozen=True, slots=True)
class Guess:
    """A value that the description does not state, and why it was chosen."""

    value: str
    because: str


@dataclass(frozen=True, slots=True)
class Described:
    """One endpoint: a valid name, what opens it, what it does, and which of its parameters says whose data it is.

    `untrusted` is there where outsiders write what it returns.
    """

    name: str
    label: str
    action: Action
    category: str
    scope: str | Guess
    privilege: Guess
    administrative: Guess | None = None
    owner_parameters: tuple[str, ...] = ()
    untrusted: Guess | None = None


@dataclass(frozen=True, slots=True)
class Description:
    """An API: its name, its endpoints, and what in the description could not be used."""

    name: str
    title: str
    kind: Literal["rest", "mcp"]
    endpoints: tuple[Described, ...]
    notes: tuple[str, ...] = ()


def counted(number: int, what: str) -> str:
    """So many of something: `1 tool`, `2 tools`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


@dataclass
class Names:
    """Valid names, each given once."""

    taken: set[str] = field(default_factory=set)

    def of(self, *candidates: Any) -> str:
        """The first candidate that makes a name, with a number behind it where it is taken."""
        base = next((name for one in candidates if (name := snake(one))), "endpoint")
        name, number = base, 2
        while name in self.taken:
            name, number = f"{base}_{number}", number + 1
        self.taken.add(name)
        return name


def snake(text: Any) -> str:
    """A text as a name: `listUserRepos` and `GET /users/{id}/repos` become lower case with underscores."""
    if not isinstance(text, str):
        return ""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text)
    name = re.sub(r"[^A-Za-z0-9]+", "_", spaced).strip("_").lower()[:MAX_NAME].strip("_")
    return name if re.match(r"[a-z]", name) else f"x_{name}" if name else ""


HIGH = ("pay", "payout", "payment", "transfer", "refund", "charge", "delete", "remove", "destroy", "revoke", "grant",
        "role", "permission", "admin", "password", "secret", "token", "key", "withdraw", "close", "cancel", "approve",
        "terminate", "merge", "publish", "deploy")  # fmt: skip
ADMINISTRATIVE = (
    "admin",
    "administration",
    "administrator",
    "internal",
    "superuser",
    "impersonate",
    "audit",
    "enterprise",
)
OWNER = re.compile(
    r"^(?:(?:x_)?(?:user|customer|account|owner|member|patient|tenant|person|client|holder|subscriber|employee|student)"
    r"(?:_?(?:id|sid|uuid|number|name|ref|key|login))?|username|login|sub|subject|uid)$"
)
_WORDS = re.compile(r"[a-z]+")


def guess_privilege(action: Action, *texts: Any) -> Guess:
    """How much harm a call can do: by what it does, and by the words in its name."""
    words = words_of(*texts)
    hit = next((one for one in HIGH if one in words or f"{one}s" in words), None)
    if action == "delete":
        return Guess("high", "it deletes")
    if action in ("write", "export") and hit is not None:
        return Guess("high", f"it changes something, and is called `{hit}`")
    if action in ("write", "export"):
        return Guess("medium", "it changes something")
    return Guess("low", "it reads")


def guess_administrative(*texts: Any) -> Guess | None:
    """Whether an endpoint looks like one for operators."""
    words = words_of(*texts)
    hit = next((one for one in ADMINISTRATIVE if one in words), None)
    return Guess("true", f"its path says `{hit}`") if hit else None


def words_of(*texts: Any) -> set[str]:
    """The single words of names and paths, in lower case."""
    return {word for text in texts for word in _WORDS.findall(snake(text).replace("_", " "))}


def owner_parameters(names: Iterable[Any]) -> tuple[str, ...]:
    """The parameters that look as if they said whose data is meant."""
    return tuple(dict.fromkeys(str(one) for one in names if isinstance(one, str) and OWNER.match(snake(one))))
