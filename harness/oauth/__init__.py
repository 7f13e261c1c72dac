"""The protocol: an authorization server, enforcement points, clients, and the messages of MCP and A2A.

Messages in, messages out. It knows no clock, no randomness and no I/O: time (`now_s`), identifiers (`ids`) and key
material come in as arguments; every setting is in a frozen profile; all state is in flat dicts of immutable records, so
that a fork is a copy of a few dicts. See README.md beside this file.
"""

from harness.oauth.authority import Ids
from harness.oauth.keys import Keys, KeySet, PublicKey, SigningKey
from harness.oauth.messages import (
    Answer,
    Details,
    Disclosure,
    Presented,
    Prompt,
    Refusal,
    Request,
    Response,
    RouteRule,
    Signal,
)
from harness.oauth.profile import ALL_CELLS, NO_CELLS, AsProfile, Audience, DetailType, RsProfile, open_decisions
from harness.oauth.records import Client, Store, User
from harness.oauth.resource import ResourceServer
from harness.oauth.server import AuthorizationServer
from harness.oauth.tokens import Claims

__all__ = [
    "ALL_CELLS",
    "NO_CELLS",
    "Answer",
    "AsProfile",
    "Audience",
    "AuthorizationServer",
    "Claims",
    "Client",
    "DetailType",
    "Details",
    "Disclosure",
    "Ids",
    "KeySet",
    "Keys",
    "Presented",
    "Prompt",
    "PublicKey",
    "Refusal",
    "Request",
    "ResourceServer",
    "Response",
    "RouteRule",
    "RsProfile",
    "Signal",
    "SigningKey",
    "Store",
    "User",
    "open_decisions",
]
