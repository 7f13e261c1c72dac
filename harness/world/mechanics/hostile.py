"""Commands that no honest program gives: forging tokens, luring people, swapping documents, following false metadata.

They are commands like all others, decided by the same servers and enforcement points; what each does is in `forgery`,
`lures` and `discovery`. An LLM, or whoever steers it, can be talked into any of them.
"""

from __future__ import annotations

from harness.world.mechanics.commands import Step


class Forge(Step, frozen=True, gc=False, kw_only=True):
    """Make up a token. `kind` says how (see `forgery.KINDS`), `like` is the credential whose claims it takes over.

    `subject`, `audience` and `scope` are what it shall claim instead of what the other one says.
    """

    kind: str
    like: str
    subject: str | None = None
    audience: str | None = None
    scope: tuple[str, ...] = ()


class LureToConfirm(Step, frozen=True, gc=False, kw_only=True):
    """Somebody else than the person asked is lured to the confirmation page of an approval, and confirms there."""

    user: str
    approval: str


class PublishDocument(Step, frozen=True, gc=False, kw_only=True):
    """Put a client ID metadata document at a URL, with keys of one's own in it, and be that client from now on.

    `address` is where the URL's host resolves to; `server` is the authorization server that fetches it.
    """

    url: str
    address: str = "203.0.113.10"
    server: str = "home"


class FollowMetadata(Step, frozen=True, gc=False, kw_only=True):
    """A client follows an API's metadata to an authorization server, and signs its person in there.

    `resource` is the identifier that the metadata speaks of (by default the API's own), `issuer` the server that it
    names (by default the right one), `claims` the issuer that this server's own metadata claims (by default itself).
    """

    user: str
    session: str
    api: str
    resource: str | None = None
    issuer: str | None = None
    claims: str | None = None
