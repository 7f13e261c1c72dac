"""An OpenAPI 3.0 or 3.1 document as endpoints: operations, their scopes, the parameters that say whose data it is.

Works on documents as they are found: in several files, without operation ids, with references that lead nowhere or in
circles, without any security section. What it states is taken, what it leaves open is guessed and marked, what was left
out is noted. Source: OpenAPI Specification 3.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.load import Problem, ProblemList, read_foreign
from harness.plan.describe.model import (
    Action,
    Described,
    Description,
    Names,
    counted,
    guess_administrative,
    guess_privilege,
    owner_parameters,
    snake,
)
from harness.plan.describe.references import Placed, References, group
from harness.plan.describe.security import Security

METHODS: Mapping[str, Action] = {
    "get": "read",
    "head": "read",
    "post": "write",
    "put": "write",
    "patch": "write",
    "delete": "delete",
}
SHOWN = 3


def read_openapi(path: str | Path) -> Description:
    """The endpoints of an OpenAPI document; raises ProblemList where it is none."""
    document = read_foreign(path)
    if not isinstance(document, dict) or not str(document.get("openapi", "")).startswith("3."):
        found = (
            "swagger 2.0, which can be converted" if isinstance(document, dict) and "swagger" in document else "none"
        )
        raise ProblemList([Problem(str(path), 1, 1, f"expected an OpenAPI 3.0 or 3.1 document, found {found}")])
    reader = _Reader(Placed(document, Path(path).resolve()))
    endpoints = tuple(reader.endpoints())
    if not endpoints:
        raise ProblemList([Problem(str(path), 1, 1, "the document has no operation below `paths`")])
    title = _text(group(document.get("info")).get("title")) or Path(path).stem
    return Description(_api_name(title), title, "rest", endpoints, tuple(reader.notes()))


def _api_name(title: str) -> str:
    words = [word for word in snake(title).split("_") if word not in ("api", "rest", "the", "v", "openapi")][:3]
    name = "_".join(words) or "api"
    return f"{name}_api" if name in ("a2a", "mcp", "llm_gateway") else name


class _Reader:
    """Reads one document; what cannot be used is counted."""

    def __init__(self, document: Placed) -> None:
        self.document = document
        self.references = References(document)
        self.names = Names()
        self.security = Security(document, self.references)

    def endpoints(self) -> Iterator[Described]:
        for route, item in self.document.at("paths").group.items():
            found = self.references.followed(Placed(item, self.document.file))
            shared = self._parameters(found)
            for method, action in METHODS.items():
                operation = self.references.followed(found.at(method))
                if isinstance(operation.value, dict):
                    yield self._endpoint(str(route), method, action, operation, shared)

    def notes(self) -> Iterator[str]:
        """What of the document is not in the system."""
        yield from self.security.notes()
        if lost := self.references.lost:
            shown = ", ".join(f"`{one}`" for one in lost[:SHOWN]) + (", …" if len(lost) > SHOWN else "")
            yield f"{counted(len(lost), 'reference')} could not be followed ({shown}): what they lead to is left out"
        if (servers := len(self.document.at("servers").items())) > 1:
            yield f"the document names {servers} servers; they are one API here"
        if webhooks := len(self.document.at("webhooks").group):
            yield f"{counted(webhooks, 'webhook')}, calls that the API makes by itself: left out"

    def _endpoint(
        self, route: str, method: str, action: Action, operation: Placed, shared: dict[tuple[str, str], str]
    ) -> Described:
        given = _text(operation.group.get("operationId"))
        name = self.names.of(given, f"{method} {route}")
        category = _category(route, operation)
        kind = "read" if action == "read" else "write"
        return Described(
            name=name,
            label=f"{method.upper()} {route}",
            action=action,
            category=category,
            scope=self.security.scope(operation, f"{category}.{kind}"),
            privilege=guess_privilege(action, given, route),
            administrative=guess_administrative(route, *_tags(operation)),
            owner_parameters=owner_parameters((shared | self._parameters(operation)).values()),
        )

    def _parameters(self, holder: Placed) -> dict[tuple[str, str], str]:
        """The names of parameters by place and name: an operation's own replaces that of its path."""
        found = [self.references.followed(one).group for one in holder.at("parameters").items()]
        return {
            (str(one["in"]), str(one["name"])): str(one["name"])
            for one in found
            if one.get("in") in ("path", "query") and "name" in one
        }


def _category(route: str, operation: Placed) -> str:
    """The kind of data: the first tag, else the first part of the path that is a word."""
    parts = [part for part in route.split("/") if part and not part.startswith("{") and not _version(part)]
    found = snake(next(iter(_tags(operation)), "")) or snake(parts[0] if parts else "") or "data"
    return found[:40].strip("_")


def _version(part: str) -> bool:
    return part.lower() in ("api", "rest") or (part[:1] in "vV" and part[1:].replace(".", "").isdigit())


def _tags(operation: Placed) -> list[str]:
    return [one.value for one in operation.at("tags").items() if isinstance(one.value, str)]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
