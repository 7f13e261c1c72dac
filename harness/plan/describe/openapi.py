"""An OpenAPI 3.0 or 3.1 document as endpoints: operations, their OAuth scopes, the parameters that say whose data it is.

Works on documents as they are found: without operation ids, with references that lead nowhere or in circles, without any
security section. What it states is taken, what it leaves open is guessed and marked. Source: OpenAPI Specification 3.1.
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
    Guess,
    Names,
    guess_administrative,
    guess_privilege,
    owner_parameters,
    snake,
)

METHODS: Mapping[str, Action] = {
    "get": "read",
    "head": "read",
    "post": "write",
    "put": "write",
    "patch": "write",
    "delete": "delete",
}
MAX_JUMPS = 16


def read_openapi(path: str | Path) -> Description:
    """The endpoints of an OpenAPI document; raises ProblemList where it is none."""
    document = read_foreign(path)
    if not isinstance(document, dict) or not str(document.get("openapi", "")).startswith("3."):
        found = (
            "swagger 2.0, which can be converted" if isinstance(document, dict) and "swagger" in document else "none"
        )
        raise ProblemList([Problem(str(path), 1, 1, f"expected an OpenAPI 3.0 or 3.1 document, found {found}")])
    names = Names()
    notes: list[str] = []
    endpoints = tuple(_endpoints(document, names, notes))
    if not endpoints:
        raise ProblemList([Problem(str(path), 1, 1, "the document has no operation below `paths`")])
    title = _text(_group(document.get("info")).get("title")) or Path(path).stem
    return Description(_api_name(title), title, "rest", endpoints, tuple(dict.fromkeys(notes)))


def _api_name(title: str) -> str:
    words = [word for word in snake(title).split("_") if word not in ("api", "rest", "the", "v", "openapi")][:3]
    name = "_".join(words) or "api"
    return f"{name}_api" if name in ("a2a", "mcp", "llm_gateway") else name


def _endpoints(document: Mapping[str, Any], names: Names, notes: list[str]) -> Iterator[Described]:
    schemes = _oauth_schemes(document)
    for route, item in _group(document.get("paths")).items():
        item = _group(_resolved(document, item))
        shared = _parameters(document, item)
        for method, action in METHODS.items():
            operation = item.get(method)
            if isinstance(operation, dict):
                yield _endpoint(document, str(route), method, action, operation, shared, schemes, names, notes)


def _endpoint(
    document: Mapping[str, Any],
    route: str,
    method: str,
    action: Action,
    operation: Mapping[str, Any],
    shared: tuple[str, ...],
    schemes: frozenset[str],
    names: Names,
    notes: list[str],
) -> Described:
    given = _text(operation.get("operationId"))
    name = names.of(given, f"{method} {route}")
    parameters = (*shared, *_parameters(document, operation))
    category = _category(route, operation)
    scopes = _scopes(document, operation, schemes)
    if len(scopes) > 1:
        notes.append("some operations need several scopes at once; the first of each is kept")
    kind = "read" if action == "read" else "write"
    invented = Guess(f"{category}.{kind}", "the description names no scope")
    return Described(
        name=name,
        label=f"{method.upper()} {route}",
        action=action,
        category=category,
        scope=scopes[0] if scopes else invented,
        privilege=guess_privilege(action, given, route),
        administrative=guess_administrative(route, *_tags(operation)),
        owner_parameters=owner_parameters(parameters),
    )


def _category(route: str, operation: Mapping[str, Any]) -> str:
    """The kind of data: the first tag, else the first part of the path that is a word."""
    parts = [part for part in route.split("/") if part and not part.startswith("{") and not _version(part)]
    found = snake(next(iter(_tags(operation)), "")) or snake(parts[0] if parts else "") or "data"
    return found[:40].strip("_")


def _version(part: str) -> bool:
    return part.lower() in ("api", "rest") or (part[:1] in "vV" and part[1:].replace(".", "").isdigit())


def _tags(operation: Mapping[str, Any]) -> list[str]:
    tags = operation.get("tags")
    return [one for one in tags if isinstance(one, str)] if isinstance(tags, list) else []


def _parameters(document: Mapping[str, Any], holder: Mapping[str, Any]) -> tuple[str, ...]:
    listed = holder.get("parameters")
    found = [_group(_resolved(document, one)) for one in listed] if isinstance(listed, list) else []
    return tuple(str(one["name"]) for one in found if one.get("in") in ("path", "query") and "name" in one)


def _oauth_schemes(document: Mapping[str, Any]) -> frozenset[str]:
    schemes = _group(_group(document.get("components")).get("securitySchemes"))
    return frozenset(
        name
        for name, scheme in schemes.items()
        if _group(_resolved(document, scheme)).get("type") in ("oauth2", "openIdConnect")
    )


def _scopes(document: Mapping[str, Any], operation: Mapping[str, Any], schemes: frozenset[str]) -> list[str]:
    """The scopes of the first alternative that names any; an operation's own section replaces the document's."""
    section = operation.get("security", document.get("security"))
    for alternative in section if isinstance(section, list) else []:
        for scheme, scopes in _group(alternative).items():
            named = [_scope(one) for one in scopes if isinstance(one, str)] if isinstance(scopes, list) else []
            if scheme in schemes and any(named):
                return [one for one in named if one]
    return []


def _scope(text: str) -> str:
    """A scope as a name: the last part of a URL, with what a name cannot hold replaced."""
    kept = "".join(c if c.isalnum() or c in "_.-" else "." for c in text.rstrip("/").rsplit("/", 1)[-1]).strip(".-")
    return kept[:70] if kept[:1].isalpha() else f"x{kept[:70]}" if kept else ""


def _resolved(document: Mapping[str, Any], value: Any) -> Any:
    """What a reference within the document leads to; one that leads elsewhere or in circles gives nothing."""
    for _ in range(MAX_JUMPS):
        if not isinstance(value, dict) or "$ref" not in value:
            return value
        value = _at(document, str(value["$ref"]))
    return None


def _at(document: Mapping[str, Any], reference: str) -> Any:
    if not reference.startswith("#/"):
        return None
    found: Any = document
    for part in reference[2:].split("/"):
        key = part.replace("~1", "/").replace("~0", "~")
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _group(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
