"""The catalogue of protocol rules: each with its source, and how far this model takes it.

*Enforced*: a message that breaks it is refused, and tests assert the exact refusal. *Shown*: a behaviour or a setting
that no message can break, with the test that shows it. *Out of model*: with the reason. Which tests stand behind a rule
is in `rule_tests.json`, kept by the tests themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Literal, NamedTuple

import msgspec

Status = Literal["enforced", "shown", "out_of_model"]
E: Status = "enforced"
S: Status = "shown"
OUT: Status = "out_of_model"


class Rule(NamedTuple):
    """One rule of the protocol, and what stands behind it here."""

    id: str
    name: str
    source: str
    status: Status
    reason: str = ""

    @property
    def tests(self) -> tuple[str, ...]:
        """The tests that assert or show it."""
        return _tests().get(self.id, ())


_ROWS: tuple[tuple[str, str, str, Status] | tuple[str, str, str, Status, str], ...] = (
    ("P-001", "errors of the token endpoint", "RFC 6749 §5.2", E),
    ("P-002", "a grant is the client's own, valid and redirected as requested", "OAuth 2.1 §3.2.4", E),
    ("P-003", "an authorization code is redeemed once", "OAuth 2.1 §4.1.3, §7.5.2", E),
    ("P-004", "an authorization code is short-lived", "RFC 6749 §4.1.2", E),
    ("P-005", "redirect URIs match exactly, and a bad one is never followed", "RFC 9700 §4.1.3", E),
    ("P-006", "PKCE with S256, the verifier exactly when challenged", "RFC 7636 §4.6, OAuth 2.1 §7.5.1", E),
    ("P-007", "no implicit or password grant, no token in a query", "OAuth 2.1 §10, RFC 9700 §2.1.2", E),
    ("P-008", "refreshing stays within the grant, and reuse revokes it", "OAuth 2.1 §4.3.1, RFC 9700 §4.14", E),
    ("P-009", "who gets refresh tokens, and what ends them", "RFC 9700 §4.14.2, OAuth 2.1 §4.3.3", E),
    ("P-010", "a request without credentials is challenged without an error", "RFC 6750 §3.1", E),
    ("P-011", "an expired or otherwise bad token is `invalid_token`", "RFC 6750 §3.1", E),
    ("P-012", "a missing scope is `insufficient_scope`", "RFC 6750 §3.1", E),
    ("P-013", "a token is sent in one way", "RFC 6750 §3.1", E),
    ("P-014", "the resource server checks resource, scope and policy on every request", "OAuth 2.1 §5.2", E),
    ("P-015", "access tokens are short-lived and narrow; no specification names a number", "OAuth 2.1 §7.1.3", S),
    ("P-016", "a client assertion is the client's, for this server, fresh and used once", "RFC 7523 §3", E),
    ("P-017", "a bad assertion grant is `invalid_grant`", "RFC 7523 §3.1", E),
    ("P-018", "one client authentication at a time", "OAuth 2.1 §3.2.4", E),
    ("P-019", "a client's own token never stands for a person", "RFC 9700 §4.15, RFC 9068 §5", E),
    ("P-020", "the client compares `iss` before it acts on a response", "RFC 9207 §2.4", E),
    ("P-021", "server metadata is of the issuer that was asked", "RFC 8414 §3.3", E),
    ("P-022", "dynamic registration answers with its own errors", "RFC 7591 §3.2", E),
    ("P-023", "a metadata document describes the URL it is at", "client-id-metadata-document §3, §4", E),
    ("P-024", "metadata documents carry no shared secret and lie on public addresses", "client-id-metadata-document §4.1, §6", E),
    ("P-025", "changed metadata asks again; domains can be allow-listed", "client-id-metadata-document §6", E),
    ("P-026", "consent names who gets what, and can be viewed and taken back", "OAuth 2.1 §7.9", E),
    ("P-030", "an access token is typed and complete", "RFC 9068 §2", E),
    ("P-031", "issuer and audience are checked, any failure is `invalid_token`", "RFC 9068 §4", E),
    ("P-032", "acr and auth_time do not change by refresh or exchange", "RFC 9068 §2.2.1, RFC 9470 §6.1", S),
    ("P-033", "without a target there must be one default", "RFC 9068 §3", E),
    ("P-034", "every scope means something at every audience", "RFC 9068 §2.2.3", E),
    ("P-035", "clients do not look into access tokens", "RFC 9068 §6", S),
    ("P-036", "algorithm and key fit, nothing unsigned, no key from the header", "RFC 8725 §3", E),
    ("P-037", "clocks may differ by a small leeway", "RFC 7519 §4.1.4", E),
    ("P-038", "only authenticated resource servers introspect", "RFC 7662 §2.1", E),
    ("P-039", "an inactive token is `active: false` and nothing more", "RFC 7662 §2.2", E),
    ("P-040", "a cached introspection ends with the token, its absence is decided", "RFC 7662 §4", E),
    ("P-041", "introspection means the same as the claims", "RFC 9470 §6.2, RFC 9396 §9.2, RFC 8693 §4", S),
    ("P-042", "a client revokes its own tokens", "RFC 7009 §2", E),
    ("P-043", "access tokens fall with the refresh token of their grant", "RFC 7009 §2.1", S),
    ("P-044", "revocation takes time to arrive", "RFC 7009 §2", S),
    ("P-045", "a JWT lives to its end unless something is added", "RFC 9068", S),
    ("P-046", "global revocation ends all sessions and grants of a person", "global-token-revocation §3, §4", E),
    ("P-050", "an exchange names its tokens and their types", "RFC 8693 §2.1", E),
    ("P-051", "an unacceptable token of an exchange is `invalid_request`", "RFC 8693 §2.2.2", E),
    ("P-052", "a refused target is `invalid_target`", "RFC 8693 §2.2.2", E),
    ("P-053", "an exchange never widens scope", "RFC 8693 §2.2.2", E),
    ("P-054", "the response of an exchange says what was issued", "RFC 8693 §2.2.1", S),
    ("P-055", "an agent is visible, or is refused where that matters", "RFC 8693 §1.1", E),
    ("P-056", "access is decided on the current actor", "RFC 8693 §4.1", E),
    ("P-057", "who may act is checked", "RFC 8693 §4.4", E),
    ("P-058", "derived tokens survive unless lineage is kept", "RFC 8693 §2.1", E),
    ("P-059", "public clients do not exchange", "RFC 8693 §5", E),
    ("P-060", "an identity assertion is for a trusted server alone", "identity-chaining §2.3", E),
    ("P-061", "the other domain checks audience and subject", "identity-chaining §2.4.2", E),
    ("P-062", "the other domain gives no refresh token", "identity-chaining §5.4", S),
    ("P-063", "an identity assertion is short-lived and used once", "identity-chaining §5.5", E),
    ("P-064", "an identity assertion is typed and complete", "ID-JAG §3.1, §4.4.1", E),
    ("P-065", "an identity assertion names the client that presents it", "ID-JAG §4.4.1", E),
    ("P-066", "the subject token of an assertion is the caller's", "ID-JAG §4.3.3", E),
    ("P-067", "an identity assertion is for the next domain alone", "ID-JAG §8.3", E),
    ("P-068", "step-up during an exchange is a 400", "ID-JAG §8.2", E),
    ("P-069", "a bound assertion needs a proof by its key", "ID-JAG §8.6", E),
    ("P-070", "enterprise-managed MCP needs audience and resource, no actor token", "MCP enterprise-managed authorization §4", E),
    ("P-071", "a transaction token is typed, complete and in its own header", "transaction-tokens §9, §12.1", E),
    ("P-072", "a transaction token is no wider than its subject token", "transaction-tokens §6, §11", E),
    ("P-073", "a replacement changes nothing, an approval is used once", "transaction-tokens §13", E),
    ("P-074", "a transaction token shows the agent as actor", "transaction-tokens-for-agents", S),
    ("P-075", "requested_actor in the authorization request", "oauth-ai-agents-on-behalf-of-user-02", OUT,
     "the draft expired on 2026-02-26; token exchange with `act` takes its place"),
    ("P-076", "the actor is not the client_id", "oauth-actor-profile", S),
    ("P-077", "one identity for each agent", "aiagent-auth §6 to §10", S),
    ("P-078", "an answer counts only as a person's own act at the server", "aiagent-auth, human in the loop", E),
    ("P-079", "what is revoked is refused wherever the signal has arrived", "aiagent-auth, remediation", E),
    ("P-080", "a decision leaves a record with the minimum fields", "aiagent-auth, monitoring", S),
    ("P-090", "a certificate-bound token needs its certificate", "RFC 8705 §3", E),
    ("P-091", "a DPoP proof passes every check of the list", "RFC 9449 §4.3", E),
    ("P-092", "the proof is by the key that the token is bound to", "RFC 9449 §7.1", E),
    ("P-093", "a server may demand its nonce", "RFC 9449 §8, §9", E),
    ("P-094", "a DPoP-bound token is no bearer token", "RFC 9449 §7.2", E),
    ("P-095", "a proof is used once", "RFC 9449 §11.1", E),
    ("P-096", "`resource` is a known absolute URI without fragment", "RFC 8707 §2", E),
    ("P-097", "a server may demand `resource`", "MCP 2025-06-18", E),
    ("P-098", "a pushed request is its client's, in time, and used once", "RFC 9126 §2, §4", E),
    ("P-099", "only what is inside a signed request counts", "RFC 9101 §5, §6", E),
    ("P-100", "authorization details are of a known type and shape", "RFC 9396 §5", E),
    ("P-101", "a token request stays within the grant", "RFC 9396 §6", E),
    ("P-102", "granted details are returned, and enforced by the API", "RFC 9396 §7, §9", E),
    ("P-103", "pushed details cannot be changed on the way", "RFC 9396 §12", S),
    ("P-110", "an API can ask for stronger or fresher authentication", "RFC 9470 §3", E),
    ("P-111", "an unmet acr ends the authorization request", "RFC 9470 §5", E),
    ("P-112", "a person is asked only so often", "RFC 9470 §9", E),
    ("P-113", "a client keeps old and new token and picks per call", "RFC 9470 §2", S),
    ("P-114", "errors of a backchannel request", "CIBA Core §13", E),
    ("P-115", "polling: pending, slower, expired, denied, once", "CIBA Core §11", E),
    ("P-116", "a binding message is short and plain", "CIBA Core §7.1", E),
    ("P-117", "a user code stops prompts that nobody asked for", "CIBA Core §7.1", E),
    ("P-118", "a logout token is one; a session's end spares offline access", "OIDC Back-Channel Logout §2", E),
    ("P-119", "a security event token is typed, addressed, without `exp`", "SSF 1.0 §4", E),
    ("P-120", "a session's end says which, when and by whom, and is enforced", "CAEP 1.0 §2, §3.1", E),
    ("P-121", "sessions can be reported present", "CAEP 1.0 §3.6, §3.7", S),
    ("P-122", "a pushed signal is answered 202 or 400", "RFC 8935 §2", E),
    ("P-130", "resource metadata is of the resource that was asked", "RFC 9728 §3.3", E),
    ("P-131", "challenges name the metadata, with any scheme", "RFC 9728 §5.1", S),
    ("P-132", "the oldest MCP revision: the server is its own authorization server", "MCP 2025-03-26", S),
    ("P-133", "an MCP server is a resource server and says where its metadata is", "MCP 2025-06-18", S),
    ("P-134", "PKCE support is verified; missing scope is a 403 that names it", "MCP 2025-11-25", E),
    ("P-135", "stateless; scopes add up; few retries", "MCP 2026-07-28", E),
    ("P-136", "a received token is never passed on", "MCP 2026-07-28, security", E),
    ("P-137", "headers say what the body says", "MCP 2026-07-28, streamable HTTP", E),
    ("P-138", "a foreign Origin is refused", "MCP 2026-07-28, streamable HTTP", E),
    ("P-139", "a state handle works for its person alone", "MCP security best practices", E),
    ("P-140", "a proxy asks for consent per client", "MCP security best practices", E),
    ("P-141", "elicitation asks for no secret, and its page is for who started it", "MCP 2026-07-28, elicitation", E),
    ("P-142", "tools validate their arguments and limit their rate", "MCP 2026-07-28, tools", E),
    ("P-143", "what MCP does not ask for", "MCP 2026-07-28, roadmap", OUT,
     "a statement about the absence of rules; no message can keep or break it"),
    ("P-144", "every A2A operation is authenticated and authorized first", "A2A 1.0 §7.4, §13.1", E),
    ("P-145", "a foreign task and an absent one look the same", "A2A 1.0 §3.3.2, §5.4", E),
    ("P-146", "identity in the payload counts for nothing", "A2A 1.0, enterprise topic", S),
    ("P-147", "the extended card is for authenticated callers", "A2A 1.0 §3.1.11, §13.3", E),
    ("P-148", "AUTH_REQUIRED is a state of the task, with its steps", "A2A 1.0 §7.6", E),
    ("P-149", "AUTH_REQUIRED authorizes no operation", "A2A 1.0 §7.6.4", E),
    ("P-150", "an in-band credential is bound to the agent that asked", "A2A 1.0 §7.6.3", E),
    ("P-151", "push delivery goes where the owner says, authenticated, once", "A2A 1.0 §13.2", E),
)  # fmt: skip


@cache
def _tests() -> Mapping[str, tuple[str, ...]]:
    found = resources.files("harness.oauth").joinpath("rule_tests.json").read_bytes()
    return msgspec.json.decode(found, type=dict[str, tuple[str, ...]])


RULES: tuple[Rule, ...] = tuple(Rule(*row) for row in _ROWS)


def catalogue() -> list[dict[str, object]]:
    """The rules as rows: id, name, source, status, tests, reason."""
    return [
        {"id": one.id, "name": one.name, "source": one.source, "status": one.status, "tests": list(one.tests),
         "reason": one.reason}
        for one in RULES
    ]  # fmt: skip
