"""Registration: dynamic (RFC 7591) under a policy, and client ID metadata documents.

Decides who becomes a client, and under which agent identity; a denial keyed to that identity survives a new client_id.
What a metadata document says is handed in, since the protocol fetches nothing itself. Sources: RFC 7591, RFC 7592,
draft-ietf-oauth-client-id-metadata-document.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from harness.oauth.authority import Authority, Call, revoke_grant
from harness.oauth.issue import NO_STORE
from harness.oauth.keys import BadSignature, PublicKey
from harness.oauth.messages import Refusal, Response, Signal
from harness.oauth.records import Client
from harness.oauth.refusals import Refused, need

MAX_DOCUMENT_BYTES = 5_120
METHODS = ("private_key_jwt", "tls_client_auth", "none")
SHARED_SECRETS = ("client_secret_basic", "client_secret_post", "client_secret_jwt")
STATEMENT_TYPE = "software-statement+jwt"


def register(authority: Authority, call: Call) -> Response:
    """Register a client dynamically: 201 with its id and the metadata that counts."""
    body = call.request.body
    need(isinstance(body, Mapping), "P-022", "invalid_client_metadata", "the body is not an object", check="malformed")
    statement = _statement(authority, body)
    _need_admitted(authority, body, statement)
    metadata = {**body, **statement}
    uris = _redirect_uris(metadata.get("redirect_uris"))
    method = metadata.get("token_endpoint_auth_method", "private_key_jwt")
    need(method in METHODS, "P-022", "invalid_client_metadata", "the authentication method", check="metadata")
    client = Client(
        client_id=call.ids.next("client"), agent=_identity(statement), publisher=statement.get("iss"), auth_method=method,
        key=_key(metadata, "P-022", "invalid_client_metadata"), certificate=call.request.certificate, redirect_uris=uris,
        policy=authority.profile.registered_policy, may_act=(), domain="registered", grants=_grants(metadata),
    )  # fmt: skip
    authority.store.clients[client.client_id] = client
    body_back = {"client_id": client.client_id, "redirect_uris": list(uris), "token_endpoint_auth_method": method}
    return Response(201, NO_STORE, body_back)


def _identity(statement: Mapping[str, Any]) -> str | None:
    name = statement.get("software_id")
    return name if isinstance(name, str) else None


def _statement(authority: Authority, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The claims of the software statement, signed by a publisher that is trusted; empty without a statement."""
    text = body.get("software_statement")
    if text is None:
        return {}
    for publisher in sorted(authority.profile.publishers):
        keys = authority.keys.trusted.get(publisher)
        try:
            verified = keys.verify(str(text)) if keys else None
        except BadSignature:
            continue
        if verified is not None and verified.claims.get("iss") == publisher:
            return verified.claims
    need(False, "P-022", "invalid_software_statement", "no trusted publisher signed it", check="registration")
    return {}


def _need_admitted(authority: Authority, body: Mapping[str, Any], statement: Mapping[str, Any]) -> None:
    """The policy of registration: who may, and whether the agent behind the new client is denied."""
    policy = authority.profile.registration
    need(policy != "closed", "P-022", "access_denied", "registration is closed", check="registration", status=403)
    if policy == "allow_list":
        error = "unapproved_software_statement"
        need(statement, "P-022", error, "a statement of a known publisher is needed", check="registration")
    if authority.profile.deny_by_agent:
        agent = _identity(statement) or body.get("software_id")
        denied = isinstance(agent, str) and ("agent", agent) in authority.store.disabled
        need(not denied, "P-079", "access_denied", "the agent is denied", check="registration", status=403)


def _redirect_uris(value: Any) -> tuple[str, ...]:
    uris = tuple(value) if isinstance(value, (list, tuple)) else ()
    good = bool(uris) and all(isinstance(one, str) and _redirectable(one) for one in uris)
    need(good, "P-022", "invalid_redirect_uri", "absolute URIs without fragment are needed", check="redirect")
    return tuple(str(one) for one in uris)


def _redirectable(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
        loopback = parts.hostname in ("localhost", "127.0.0.1", "::1")
    except ValueError:
        return False
    return (
        not parts.fragment and bool(parts.netloc) and (parts.scheme == "https" or (parts.scheme == "http" and loopback))
    )


GRANT_WORDS = {
    "authorization_code": "authorization_code",
    "refresh_token": "refresh_token",
    "client_credentials": "client_credentials",
    "urn:ietf:params:oauth:grant-type:token-exchange": "token_exchange",
    "urn:openid:params:grant-type:ciba": "ciba",
}


def _grants(metadata: Mapping[str, Any]) -> frozenset[str]:
    """The grants that the client registers for; by default the code grant (RFC 7591 section 2)."""
    asked = metadata.get("grant_types", ["authorization_code"])
    listed = isinstance(asked, (list, tuple)) and all(isinstance(one, str) for one in asked)
    need(listed, "P-022", "invalid_client_metadata", "`grant_types` is no list", check="metadata")
    return frozenset(GRANT_WORDS[one] for one in asked if one in GRANT_WORDS)


def _key(metadata: Mapping[str, Any], rule: str, error: str) -> PublicKey | None:
    jwks = metadata.get("jwks")
    if jwks is None:
        return None
    keys = jwks.get("keys") if isinstance(jwks, Mapping) else None
    try:
        return PublicKey(keys[0])  # type: ignore[index]  # what is no list fails as any other bad key
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        need(False, rule, error, "`jwks` holds no public key", check="metadata")
        return None


# ---------------------------------------------------------------- client ID metadata documents


class Document(msgspec.Struct, frozen=True):
    """What came back when the `client_id` URL was fetched: status, size and address say whether it may count."""

    status: int
    content: Mapping[str, Any]
    size: int = 0
    address: str = "203.0.113.10"
    redirected: bool = False


def need_document_url(client_id: str) -> None:
    """Refuse a `client_id` that cannot be that of a metadata document (section 3)."""
    try:
        parts = urlsplit(client_id)
        user = parts.username
    except ValueError:
        parts, user = urlsplit(""), None
    segments = parts.path.split("/")
    good = parts.scheme == "https" and bool(parts.netloc) and parts.path not in ("", "/")
    good = good and user is None and "#" not in client_id and not {".", ".."} & set(segments)
    need(good, "P-023", "invalid_request", "the client_id is no URL of a metadata document", check="client")


def learn_document(
    authority: Authority, client_id: str, document: Document, now_s: float
) -> Refusal | tuple[Signal, ...]:
    """Take a fetched metadata document into account: the client it describes, or why it does not count.

    A changed key or redirect URI is another client: its grants are revoked, and it must be approved again.
    """
    try:
        need_document_url(client_id)
        _need_fetched(document)
        _need_trusted_domain(authority, client_id)
        client = _described(authority, client_id, document.content)
    except Refused as refused:
        return refused.refusal
    return _replace(authority, client, now_s)


def _need_fetched(document: Document) -> None:
    public = _public(document.address)
    need(public, "P-024", "invalid_client", "the address is not a public one", check="metadata")
    need(not document.redirected, "P-023", "invalid_client", "redirects are not followed", check="metadata")
    need(document.status == 200, "P-023", "invalid_client", "the document was not found", check="metadata")
    need(document.size <= MAX_DOCUMENT_BYTES, "P-024", "invalid_client", "the document is too large", check="metadata")


def _public(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_global or address.startswith("203.0.113.")
    except ValueError:
        return False


def _need_trusted_domain(authority: Authority, client_id: str) -> None:
    profile = authority.profile
    need(profile.metadata_documents, "P-023", "invalid_client", "documents are not supported", check="registration")
    trusted = not profile.metadata_domains or urlsplit(client_id).hostname in profile.metadata_domains
    need(trusted, "P-025", "invalid_client", "the domain is not trusted", check="registration")
    denied = profile.deny_by_agent and ("agent", client_id) in authority.store.disabled
    need(not denied, "P-079", "access_denied", "the agent is denied", check="registration", status=403)


def _described(authority: Authority, client_id: str, content: Mapping[str, Any]) -> Client:
    same = content.get("client_id") == client_id
    need(same, "P-023", "invalid_client", "the document speaks of another client", check="metadata")
    method = content.get("token_endpoint_auth_method", "none")
    secretless = method not in SHARED_SECRETS and "client_secret" not in content
    need(secretless, "P-024", "invalid_client", "shared secrets cannot be used", check="metadata")
    need(method in METHODS, "P-024", "invalid_client", "the authentication method is unknown", check="metadata")
    key = _key(content, "P-024", "invalid_client")
    keyed = method != "private_key_jwt" or key is not None
    need(keyed, "P-024", "invalid_client", "a key is needed for `private_key_jwt`", check="metadata")
    return Client(
        client_id=client_id, agent=client_id, auth_method="private_key_jwt" if key else method, key=key,
        redirect_uris=_redirect_uris(content.get("redirect_uris")), policy=authority.profile.registered_policy,
        domain=urlsplit(client_id).hostname or "",
    )  # fmt: skip


def _replace(authority: Authority, client: Client, now_s: float) -> tuple[Signal, ...]:
    store = authority.store
    before = store.clients.get(client.client_id)
    store.clients[client.client_id] = client
    if before is None or (_thumbprint(before), before.redirect_uris) == (_thumbprint(client), client.redirect_uris):
        return ()
    signals: list[Signal] = []
    for grant in [one.id for one in store.grants.values() if one.client == client.client_id]:
        signals += revoke_grant(authority, grant, now_s, "policy")
    for key in [key for key in store.screens if key[1] == client.client_id]:
        del store.screens[key]
    return tuple(signals)


def _thumbprint(client: Client) -> str | None:
    return client.key.thumbprint if client.key else None
