"""The enforcement point of an API: every check of a presented credential, in a fixed order.

`check` decides and changes nothing. Signatures are checked once per token and key set; everything else on every call.
What has been denied, used up or answered by introspection is in the store; what is enforced is in the profile.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Any, NamedTuple

from harness.oauth import dpop
from harness.oauth.keys import BadSignature, KeySet, media_type
from harness.oauth.looks import Look, RsStore, invalid_token, refuse
from harness.oauth.messages import Presented, Refusal, RouteRule, Signal
from harness.oauth.plans import Plan, Standing, planned
from harness.oauth.profile import RsProfile
from harness.oauth.records import once
from harness.oauth.refusals import Refused, need
from harness.oauth.sets import BadSignal, decode_signal
from harness.oauth.tokens import ACCESS_TOKEN, Claims, read_claims

NO_REFUSAL: tuple[Refusal, ...] = ()
MAX_PLANS = 4_096
MAX_STANDING = 16_384
_rank = itemgetter(0)
SCHEMES = frozenset({"Bearer", "DPoP"})


class Answered(NamedTuple):
    """What introspection said of a token: whether it is active, its claims, and until when that is believed.

    `active` is None where the server did not answer.
    """

    active: bool | None
    claims: Claims | None
    asked_s: float
    until_s: float


class ResourceServer:
    """An enforcement point: `check` decides, the other methods take note. `keys` are the key sets by issuer."""

    __slots__ = ("_local_mode", "_plans", "_standing", "keys", "profile", "store")

    def __init__(self, profile: RsProfile, keys: Mapping[str, KeySet], store: RsStore | None = None) -> None:
        self.profile = profile
        self.keys = keys
        self.store = store or RsStore()
        self._plans: dict[tuple[int, bool], Plan] = {}
        self._standing: dict[tuple[int, int], Standing] = {}
        self._local_mode = profile.mode == "local"

    def fork(self) -> ResourceServer:
        """An independent copy: its dicts are its own, keys and remembered good signatures are shared."""
        other = object.__new__(ResourceServer)
        other.profile = self.profile
        other.keys = self.keys
        other.store = self.store.fork()
        other._plans = self._plans
        other._standing = self._standing
        other._local_mode = self._local_mode
        return other

    # ------------------------------------------------------------- deciding

    def check(self, presented: Presented, route: RouteRule, *, now_s: float) -> tuple[Refusal, ...]:
        """Every check that refuses, in a fixed order: the first is the answer, `()` admits. Changes nothing."""
        token = presented.token or ""
        if not token or presented.in_query or presented.credentials != 1 or presented.scheme not in SCHEMES:
            refusal = self._no_credential(presented, route)
            if refusal is not None:
                return (refusal,)
        claims = self._remembered(token) if self._local_mode else None
        if claims is None:
            read = self._read(token, now_s)
            if isinstance(read, Refusal):
                return (read,)
            claims = read
        look = Look(self.profile, self.store, claims, presented, route, now_s)
        plan = self._plan(route)
        standing = self._stands(plan, look)
        found = [(rank, refusal) for rank, check in plan.passing if (refusal := check(look)) is not None]
        refusals = standing.refusals
        if found:
            refusals = tuple(refusal for _, refusal in sorted((*standing.ranked, *found), key=_rank))
        if not self._local_mode:
            refusal = self._introspection_refuses(token, now_s)
            refusals += (refusal,) if refusal is not None else ()
        return refusals

    def claims(self, token: str) -> Claims | None:
        """The claims of a token whose signature is good (or that introspection described), expired or not."""
        read = self._local(token)
        if isinstance(read, Claims):
            return read
        answered = self.store.cache.get(token)
        return answered.claims if answered is not None else None

    def _plan(self, route: RouteRule) -> Plan:
        """The checks for this endpoint, put together once for each rule object (which it keeps alive)."""
        denials = bool(self.store.denied)
        known = self._plans.get((id(route), denials))
        if known is None:
            if len(self._plans) >= MAX_PLANS:
                self._plans.clear()
            known = self._plans[(id(route), denials)] = planned(self.profile, route, denials=denials)
        return known

    def _stands(self, plan: Plan, look: Look) -> Standing:
        """What the standing checks say, once for the same objects: no decision, since the passing ones are still to come.

        A request with a proof is new each time.
        """
        presented, route, claims = look.presented, look.route, look.claims
        key = (id(presented), id(route))
        known = self._standing.get(key)
        if known is not None and known.claims is claims:
            return known
        ranked = tuple((rank, refusal) for rank, check in plan.standing if (refusal := check(look)) is not None)
        found = Standing(presented, route, claims, ranked, tuple(refusal for _, refusal in ranked))
        if presented.proof is None:
            if len(self._standing) >= MAX_STANDING:
                self._standing.clear()
            self._standing[key] = found
        return found

    def _no_credential(self, presented: Presented, route: RouteRule) -> Refusal | None:
        """Nothing that could be judged: several credentials, one in the query (ignored), none, or of another scheme."""
        if presented.credentials > 1:
            detail = "more than one credential was sent"
            return refuse(self.profile, "credentials", "P-013", "invalid_request", 400, detail)
        rule = "P-007" if presented.in_query else "P-010"
        return refuse(self.profile, "credentials", rule, None, 401, "a token is needed", scope=route.scope)

    def _remembered(self, token: str) -> Claims | None:
        for issuer, keys in self.keys.items():
            claims: Claims | None = keys.parsed.get(token)
            if claims is not None:
                return claims if claims.iss == issuer and issuer in self.profile.issuers else None
        return None

    def _read(self, token: str, now_s: float) -> Claims | Refusal:
        """The claims of a token, whether it is a JWT or known by introspection; or why there are none."""
        answered = self.store.cache.get(token)
        if answered is not None and answered.claims is not None and now_s <= answered.until_s:
            return answered.claims  # type: ignore[no-any-return]  # an `Answered`
        read = self._local(token)
        if isinstance(read, Claims) or self.profile.mode == "local":
            return read
        return self._introspection_refuses(token, now_s) or read

    def _local(self, token: str) -> Claims | Refusal:
        """The claims of a JWT access token of a trusted issuer (RFC 9068 section 4), or the refusal."""
        try:
            issuer, keys, verified = self._verified(token)
            typed = media_type(verified.header) == ACCESS_TOKEN
            need(typed, "P-030", "invalid_token", "the JWT is not an access token", check="type")
            known = issuer in self.profile.issuers and verified.claims.get("iss") == issuer
            need(known, "P-031", "invalid_token", "the token is of another issuer", check="issuer")
            claims = keys.parsed[token] = read_claims(verified.claims)
        except BadSignature as bad:
            return invalid_token(self.profile, bad.check, "P-036", bad.detail)
        except Refused as refused:
            said = refused.refusal
            return invalid_token(self.profile, said.check, said.rule, said.detail)
        except ValueError:
            return invalid_token(self.profile, "malformed", "P-030", "a claim is missing or of a wrong type")
        return claims

    def _verified(self, token: str) -> tuple[str, KeySet, Any]:
        problem = BadSignature("signature", "the token is not signed by a trusted issuer")
        for issuer, keys in self.keys.items():
            try:
                return issuer, keys, keys.verify(token)
            except BadSignature as bad:
                if bad.check == "malformed":
                    raise
                problem = bad
        raise problem

    # ------------------------------------------------------------- taking note

    def admitted(self, presented: Presented, *, now_s: float) -> None:
        """Take note that a request was admitted: a DPoP proof is used up."""
        if presented.scheme != "DPoP" or not self.profile.sender:
            return
        key = dpop.identifier(presented.proof or "")
        self.store.proofs = once(self.store.proofs, key, until_s=now_s + 2 * self.profile.dpop_window_s, now_s=now_s)

    def consume(self, approval_id: str, *, now_s: float) -> bool:
        """Use up an approval; False where it was used before. To be called in the step in which the API acts."""
        if approval_id in self.store.consumed:
            return False
        self.store.consumed[approval_id] = now_s
        return True

    def receive_signal(self, signal: Signal | str, *, now_s: float) -> bool:
        """Put what a signal, security event token or logout token denies on the deny list, or take it off.

        False where a token is no signal for this receiver.
        """
        if isinstance(signal, str):
            try:
                signal = decode_signal(signal, self.keys, audience=self.profile.audience_id, now_s=now_s)
            except BadSignal:
                return False
        lifted = signal.kind in ("agent_enabled", "user_enabled")
        for key in denied_keys(signal):
            if lifted:
                self.store.denied.pop(key, None)
            else:
                self.store.denied[key] = signal.lineage
        return True

    # ------------------------------------------------------------- introspection

    def wants_introspection(self, token: str, *, now_s: float) -> bool:
        """Whether the authorization server must be asked before `check`: the mode says so, and no answer is fresh."""
        if self.profile.mode == "local":
            return False
        answered = self.store.cache.get(token)
        return answered is None or now_s > answered.until_s

    def introspected(self, token: str, response: Mapping[str, Any] | None, *, now_s: float) -> None:
        """Take the body of an introspection response (None: the server did not answer) into account.

        In the cached mode it is believed for the lifetime of the cache, but never beyond the token's own end (RFC 7662
        section 4); otherwise for this instant only.
        """
        before = self.store.cache.get(token)
        if response is None:
            known = before.claims if before is not None else None
            self.store.cache[token] = Answered(None, known, now_s, now_s)
            return
        claims = _described(response)
        life_s = self.profile.cache_ttl_s if self.profile.mode == "cached" else 0
        until_s = now_s + life_s
        if claims is not None:
            until_s = min(until_s, claims.exp)
        self.store.cache[token] = Answered(claims is not None, claims, now_s, until_s)

    def _introspection_refuses(self, token: str, now_s: float) -> Refusal | None:
        """What the last answer says against the token, and what its absence means: fail open or closed."""
        answered = self.store.cache.get(token)
        if answered is None or now_s > answered.until_s or answered.active is None:
            if self.profile.fail_open and self.claims(token) is not None:
                return None
            detail = "the authorization server did not answer"
            return refuse(self.profile, "unavailable", "P-040", "temporarily_unavailable", 503, detail)
        if answered.active:
            return None
        return invalid_token(self.profile, "denied", "P-039", "the token is not active")

    def deadlines(self, now_s: float) -> Iterable[float]:
        """The future instants after which an answer of this enforcement point changes by itself, in order."""
        return sorted({one.until_s for one in self.store.cache.values() if one.until_s >= now_s})


def _described(response: Mapping[str, Any]) -> Claims | None:
    """The claims in an introspection response; None where the token is inactive or the answer makes no sense."""
    if response.get("active") is not True:
        return None
    try:
        return read_claims({name: value for name, value in response.items() if name != "active"})
    except ValueError:
        return None


def denied_keys(signal: Signal) -> tuple[tuple[str, str], ...]:
    """What a signal puts on the deny list: only the subject that fits its kind, so that no other session is hit."""
    subjects = {
        "session_revoked": (("session", signal.session),),
        "grant_revoked": (("grant", signal.grant),),
        "token_revoked": (("jti", signal.jti),),
        "consent_withdrawn": (("consent", signal.consent),),
        "user_disabled": (("user", signal.user),),
        "user_enabled": (("user", signal.user),),
        "agent_denied": (("agent", signal.agent), ("client", signal.client)),
        "agent_enabled": (("agent", signal.agent), ("client", signal.client)),
    }
    return tuple((kind, name) for kind, name in subjects.get(signal.kind, ()) if name is not None)
