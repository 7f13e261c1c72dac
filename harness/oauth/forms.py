"""Reading what clients send: forms, JSON in forms, targets. Anything that does not fit is a protocol refusal.

Decides well-formedness only. Sources: RFC 6749 section 3.2 (no parameter twice), RFC 8707 section 2 (resources), RFC
9396 sections 2 and 5 (authorization details).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from harness.oauth.messages import Request
from harness.oauth.profile import AsProfile
from harness.oauth.refusals import need

REPEATABLE = frozenset({"resource", "audience"})
MAX_VALUE_CHARS = 32_768
_details = msgspec.json.Decoder(tuple[dict[str, Any], ...])
DISCLOSURE = "llm_disclosure"


class Form:
    """The parameters of one request: each a single text, but for those that may repeat."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def one(self, name: str) -> str | None:
        """The value of a parameter; an empty one counts as absent (RFC 6749 section 3.1)."""
        value = self._values.get(name)
        if isinstance(value, (tuple, list)):
            value = value[0] if value else None
        return value or None

    def many(self, name: str) -> tuple[str, ...]:
        """All values of a parameter that may repeat."""
        value = self._values.get(name)
        if value is None or value == "":
            return ()
        return (value,) if isinstance(value, str) else tuple(value)

    def words(self, name: str) -> frozenset[str]:
        """The space-separated words of a parameter."""
        return frozenset((self.one(name) or "").split())

    def names(self) -> tuple[str, ...]:
        """The names of all parameters."""
        return tuple(self._values)

    def __contains__(self, name: str) -> bool:
        return self.one(name) is not None


def read_form(request: Request) -> Form:
    """The parameters of a request; refuses a repeated, an oversized or a non-text one."""
    need(isinstance(request.form, Mapping), "P-001", "invalid_request", "there is no form", check="malformed")
    for name, value in request.form.items():
        if type(value) is str and len(value) <= MAX_VALUE_CHARS:
            continue
        parts = value if isinstance(value, (tuple, list)) else (value,)
        fits = all(isinstance(part, str) and len(part) <= MAX_VALUE_CHARS for part in parts)
        need(fits, "P-001", "invalid_request", f"`{name}` is not a text of bounded length", check="malformed")
        single = len(parts) <= 1 or name in REPEATABLE
        need(single, "P-001", "invalid_request", f"`{name}` is repeated", check="malformed")
    return Form(request.form)


def read_details(profile: AsProfile, form: Form) -> tuple[Mapping[str, Any], ...]:
    """The requested `authorization_details`, each of a known type with the fields of that type (RFC 9396 section 5)."""
    text = form.one("authorization_details")
    return parse_details(profile, text) if text else ()


def parse_details(profile: AsProfile, text: str) -> tuple[Mapping[str, Any], ...]:
    """Details out of their JSON, held against the types that the profile knows."""
    try:
        details = _details.decode(text)
    except (ValueError, RecursionError):
        details = ({},)
    for detail in details:
        _check_detail(profile, detail)
    return details


def _check_detail(profile: AsProfile, detail: Mapping[str, Any]) -> None:
    name = detail.get("type")
    known = profile.detail_types.get(name) if isinstance(name, str) else None
    _sound(known is not None, "the type is unknown")
    if known is None:
        return
    fields = frozenset(detail) - {"type"}
    _sound(known.required <= fields, "a required field is missing")
    _sound(fields <= known.required | known.optional, "a field is unknown")
    _sound(all(_plain(detail[name]) for name in fields), "a field is not a plain value")


def _sound(condition: bool, detail: str) -> None:
    need(condition, "P-100", "invalid_authorization_details", detail, check="authorization_details")


def _plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(one, str) for one in value)
    return isinstance(value, (str, int, float, bool))


def read_targets(profile: AsProfile, form: Form) -> tuple[str, ...]:
    """The ids of the audiences that `resource` and `audience` name; empty where neither is given."""
    ids = []
    by_resource = {audience.resource: audience.id for audience in profile.audiences.values() if audience.resource}
    for resource in form.many("resource"):
        need(_absolute(resource), "P-096", "invalid_target", "`resource` is not an absolute URI", check="target")
        known = by_resource.get(resource) or (resource if resource in profile.audiences else None)
        need(known is not None, "P-096", "invalid_target", "the resource is unknown", check="target")
        ids.append(known or resource)
    for audience in form.many("audience"):
        known = audience if audience in profile.audiences else by_resource.get(audience)
        need(known is not None, "P-052", "invalid_target", "the audience is unknown", check="target")
        ids.append(known or audience)
    return tuple(dict.fromkeys(ids))


def _absolute(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    return bool(parts.scheme and (parts.netloc or parts.path)) and not parts.fragment and "#" not in uri
