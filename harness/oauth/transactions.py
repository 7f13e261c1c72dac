"""Transaction tokens: what a call chain inside one trust domain is about, unchanged from hop to hop.

Decides when one is minted, replaced and accepted. Never an access token: it has its own type and its own header.
Source: draft-ietf-oauth-transaction-tokens (sections 6, 9, 11 to 13); `act` and `agentic_ctx` as in its profile for
agents.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from harness.oauth.authority import Authority, Call, number
from harness.oauth.forms import Form
from harness.oauth.keys import BadSignature, KeySet, media_type
from harness.oauth.messages import Refusal, Response
from harness.oauth.records import Client
from harness.oauth.refusals import found, need
from harness.oauth.tokens import Claims

TYPE = "txntoken+jwt"
HEADER = "Txn-Token"
TXN_TOKEN = "urn:ietf:params:oauth:token-type:txn_token"
LIFE_S = 60
REQUIRED = ("iat", "aud", "exp", "txn", "sub", "scope", "req_wl")
_context = msgspec.json.Decoder(dict[str, Any])


def mint(
    authority: Authority, call: Call, form: Form, client: Client, subject: Claims, act: Mapping[str, Any] | None
) -> Response:
    """A transaction token for a subject token: no wider than it, for the trust domain, one `txn` for the whole chain."""
    wanted = form.words("scope")
    known = bool(wanted) and wanted <= subject.scope
    need(known, "P-072", "invalid_scope", "more scope than the subject token has", check="scope_policy")
    claims: dict[str, Any] = {
        "iss": authority.profile.issuer,
        "iat": number(call.now_s),
        "exp": number(min(call.now_s + LIFE_S, subject.exp)),
        "aud": form.one("audience") or authority.profile.issuer,
        "txn": subject.txn or call.ids.next("txn"),
        "sub": subject.sub,
        "scope": " ".join(sorted(wanted)),
        "req_wl": client.identity,
        "tctx": _read(form.one("request_details")),
        "rctx": _read(form.one("request_context")),
    }
    if act is not None:
        claims["act"] = act
    return _response(authority, call, claims)


def replace(authority: Authority, call: Call, form: Form, client: Client) -> Response:
    """A replacement for a transaction token: not after its end, nothing wider, the same `txn`, `sub` and `aud`."""
    old = read(authority.keys.trusted, form.one("subject_token") or "")
    claims = dict(found(old, "P-073", "invalid_request", "the transaction token is not good", check="subject_token"))
    in_time = call.now_s < claims.get("exp", 0)
    need(in_time, "P-073", "invalid_request", "the transaction token has expired", check="expired")
    wanted = form.words("scope") or frozenset(str(claims.get("scope", "")).split())
    narrower = wanted <= frozenset(str(claims.get("scope", "")).split())
    need(narrower, "P-073", "invalid_scope", "more scope than the transaction token has", check="scope_policy")
    same_target = form.one("audience") in (None, claims.get("aud"))
    need(same_target, "P-073", "invalid_target", "the audience cannot change", check="target")
    workloads = f"{claims.get('req_wl')},{client.identity}"
    claims.update(iat=number(call.now_s), scope=" ".join(sorted(wanted)), req_wl=workloads)
    return _response(authority, call, claims)


def _response(authority: Authority, call: Call, claims: Mapping[str, Any]) -> Response:
    token = authority.keys.signing.sign(claims, TYPE)
    body = {
        "access_token": token,
        "issued_token_type": TXN_TOKEN,
        "token_type": "N_A",
        "expires_in": number(claims["exp"] - call.now_s),
        "scope": claims["scope"],
    }
    return Response(200, {"Cache-Control": "no-store"}, body)


def read(trusted: Mapping[str, KeySet], token: str) -> Mapping[str, Any] | None:
    """The claims of a transaction token that a trusted server signed, complete; None for anything else."""
    for issuer, keys in trusted.items():
        try:
            verified = keys.verify(token)
        except BadSignature:
            continue
        complete = all(name in verified.claims for name in REQUIRED)
        if media_type(verified.header) == TYPE and complete and verified.claims.get("iss", issuer) == issuer:
            return verified.claims
    return None


def check(
    trusted: Mapping[str, KeySet], headers: Mapping[str, str], *, audience: str, now_s: float, wanted: Mapping[str, Any]
) -> Refusal | None:
    """Whether a workload accepts the transaction token of a call whose parameters are `wanted`."""
    named = {name.lower(): value for name, value in headers.items()}
    claims = read(trusted, named.get(HEADER.lower(), ""))
    if claims is None:
        return Refusal("txn_token", "invalid_token", 401, "P-071", "a transaction token is needed in its own header")
    if claims["aud"] != audience or not claims["iat"] <= now_s < claims["exp"]:
        return Refusal("txn_token", "invalid_token", 401, "P-071", "the transaction token is not for here and now")
    context = claims.get("tctx") or {}
    if any(context.get(name) != value for name, value in wanted.items()):
        return Refusal("details", "insufficient_scope", 403, "P-071", "the call is not the transaction in the token")
    return None


def _read(text: str | None) -> dict[str, Any]:
    try:
        return _context.decode(text) if text else {}
    except (ValueError, RecursionError):
        need(False, "P-072", "invalid_request", "the details are not an object", check="malformed")
        return {}
