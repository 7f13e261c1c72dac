"""The table of events: every kind, every field, with a line each. Data only; `vocabulary` says what the marks mean.

One kind per fact, past tense; what a rule would have to look up is copied onto the event. A `?` marks a field that may
be absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from harness.trace.vocabulary import Field, Kind, Vocabulary

_ACTORS = ("user", "employee", "agent", "admin", "service", "third_party", "outsider")
_LEVELS = ("low", "medium", "high")
_ACR = ("low", "substantial", "high")
_PERSON = ("person",)
_AGENT = ("agent",)
_PARTY = ("person", "agent", "service", "outsider")
_CLIENT = ("agent", "service")
_RECIPIENT = ("provider", "agent", "service")


def _word(name: str, about: str, *classes: str) -> Field:
    return Field(name, about, classes=classes or (name,))


def _enum(name: str, about: str, *words: str) -> Field:
    return Field(name, about, "enum", words=words)


def _rank(name: str, about: str, *words: str) -> Field:
    return Field(name, about, "enum", words=words, ordered=True)


def _flag(name: str, about: str) -> Field:
    return Field(name, about, "flag")


def _number(name: str, about: str) -> Field:
    return Field(name, about, "number")


def _duration(name: str, about: str) -> Field:
    return Field(name, about, "duration")


def _many(name: str, about: str, *classes: str) -> Field:
    return Field(name, about, classes=classes or (name,), many=True)


def _claimed(field: Field) -> Field:
    return replace(field, claimed=True)


def _common() -> dict[str, Field]:
    who = [
        _word("actor", "the immediate caller", *_PARTY),
        _enum("actor_type", "what the immediate caller is", *_ACTORS),
        _word("user", "the person who started the task; missing where nobody did", *_PERSON),
        _word("agent", "the running program whose decision caused the event, on every hop", *_AGENT),
        _word("root_agent", "the first of a chain of agents", *_AGENT),
        _word("session", "the session in which the authority that was used was granted"),
        _word("task", "the task that the event belongs to"),
        _word("tenant", "the organization on whose behalf it happened"),
        _word("domain", "the security domain in which it happened"),
    ]
    fields = {
        "time": replace(_duration("time", "when it took effect, since the start of the run"), place="event"),
        "id": replace(_word("id", "names this event in its trace", "event"), place="event"),
    }
    for field in who:
        fields[field.name] = replace(field, place="who", optional=field.name not in ("actor", "actor_type"))
    return fields


def _request() -> dict[str, Field]:
    asked = [
        _word("request", "names this one request"),
        _number("hour", "hour of the day, 0 to 23"),
        _claimed(_number("depth", "hops of delegation that the token shows")),
        _word("actor_client", "the client that authenticated itself as the caller", *_CLIENT),
        _many("agent_scope", "what the agent may ask for by its policy", "scope"),
        _many("user_scope", "what the user may do", "scope"),
        _word("user_region", "the region that the user belongs to", "region"),
        _word("record_region", "the region that the record belongs to", "region"),
        _claimed(_rank("acr", "the assurance level that the token shows", *_ACR)),
        _flag("user_present", "whether the user is really there"),
        _duration("latency", "how long the answer took"),
        _duration("token_remaining", "how long the token was still valid; 0 without a token"),
    ]
    route = [
        _word("api", "the API that runs the handler, never a gateway"),
        _word("pep", "the enforcement point that decided"),
        _word("endpoint", "what was called, as `api.endpoint`"),
        _enum("protocol", "how it was called", "rest", "mcp", "a2a"),
        _word("tool", "the tool, as named in tools/list"),
        _word("permission", "the scope that opens the endpoint", "scope"),
        _rank("required_acr", "the assurance level that the endpoint asks for", *_ACR),
    ]
    token = [
        _word("token", "the token that was presented"),
        _word("token_family", "all tokens that came from one grant"),
        _word("token_client", "the client that the token names", *_CLIENT),
        _word("token_user", "the person that the token names", *_PERSON),
        _word("token_task", "the task that the token names", "task"),
        _many("token_audience", "the APIs that the token names", "api"),
        _many("token_scope", "the scopes in the token", "scope"),
        _enum("token_proof", "how the token is bound to its sender; none without a token", "none", "dpop", "mtls"),
    ]
    optional = {"tool", "permission", "actor_client", "user_region", "record_region", "token", "token_family"}
    optional |= {"token_client", "token_user", "token_task"}
    fields: dict[str, Field] = {}
    for field in asked:
        claimed = field.claimed or field.name == "token_remaining"
        fields[field.name] = replace(field, place="request", optional=field.name in optional, claimed=claimed)
    fields |= {f.name: replace(f, place="route", optional=f.name in optional) for f in route}
    return fields | {f.name: replace(f, place="token", optional=f.name in optional, claimed=True) for f in token}


COMMON: Mapping[str, Field] = _common()
REQUEST: Mapping[str, Field] = _request()
OPERATION = (
    "operation type record? owner? entitled? category? privilege amount currency? payee? details_hash reversible? mode?"
)

_FIELDS = [
    _rank("acr", "the assurance level that was reached", *_ACR),
    _word("method", "how the person signed in"),
    _word("previous_session", "the session that this one follows", "session"),
    _word("instrument", "the card or device that was used"),
    _word("reason", "why, in a word"),
    _word("by", "who did or decided it", *_PARTY),
    _word("from_task", "the task that was left", "task"),
    _word("consent", "names this consent"),
    _word("purpose", "what the data is used for, from the ledger"),
    _many("categories", "the kinds of data", "category"),
    _word("recipient", "to whom data may go", *_RECIPIENT),
    _number("max_amount", "the largest amount that is covered"),
    _flag("renewal", "whether it renews an earlier consent"),
    _word("api", "the API in question"),
    _word("operation", "this one occurrence of an operation"),
    _word("type", "the declared kind of operation", "type"),
    _word("record", "the record in question"),
    _word("owner", "the person that the data is about", *_PERSON),
    _many("entitled", "everyone whom the ledger entitles to it", *_PERSON),
    _word("category", "the kind of data"),
    _rank("privilege", "how much harm it can do", *_LEVELS),
    _number("amount", "the money that moves; 0 where none does"),
    _word("currency", "the currency of the amount"),
    _word("payee", "who is paid"),
    _word("details_hash", "fingerprint of type, resource, amount, currency and payee"),
    _flag("reversible", "whether it can be undone"),
    _enum("mode", "whether it was done or only shown", "real", "preview"),
    _word("approval", "names this approval"),
    _word("approver", "who approved", *_PARTY),
    _enum("approver_type", "what the approver is", "user", "employee", "agent", "admin"),
    _word("requested_by", "who asked for the approval", *_PARTY),
    _flag("sca", "whether the payer authenticated strongly"),
    _enum("channel", "how it was paid", "remote", "contactless", "other"),
    _word("request", "the request in question"),
    _claimed(_enum("decision", "the enforcement point's opinion", "permit", "deny")),
    _word("record_tenant", "the organization that the record belongs to", "tenant"),
    _flag("trusted", "no: what came back was written by outsiders"),
    _enum("action", "what was done to the record", "read", "write", "delete", "export"),
    _many("fields", "the fields that left the API", "data_field"),
    _many("allowed_fields", "the fields that the caller may see", "data_field"),
    _many("needed_categories", "the kinds of data that the purpose needs", "category"),
    _word("to", "who received it", *_PARTY),
    _word("store", "where it was kept"),
    _word("document", "names the document"),
    _many("owners", "the people that it is about", *_PERSON),
    _word("reach", "names this way to the data"),
    _word("credential", "the token or key that opens it", "token"),
    _word("pep", "the enforcement point that would let it in"),
    _word("endpoint", "what could be called, as `api.endpoint`"),
    _number("records", "how many records lie within reach"),
    _word("provider", "the LLM provider", "provider"),
    _enum("cause", "why it closed", "issued", "expired", "revoked", "cache", "departure", "consent", "denied"),
    _enum("origin", "where the data came from", "typed", "tool", "memory", "message"),
    _word("model", "the model that received it"),
    _word("region", "where the provider processes it"),
    _number("tokens", "how much text, in tokens"),
    _number("cost", "what it cost"),
    _word("tool", "the tool, as named in tools/list"),
    _word("version", "the version of its definition"),
    _word("to_agent", "the agent that it went to", *_AGENT),
    _word("destination", "where it went"),
    _flag("external", "whether it left the organization"),
    _claimed(_word("from_agent", "the agent that the message says it is from", *_AGENT)),
    _word("nonce", "what makes the message unique"),
    _claimed(_word("from_domain", "the domain that the message says it is from", "domain")),
    _enum("by_type", "what the one who did it is", "user", "agent", "admin"),
    _word("request_uri", "names the pushed authorization request"),
    _word("third_party", "the authorization server that it went to", *_PARTY),
    _word("code", "the authorization code"),
    _duration("lifetime", "how long it is valid"),
    _word("token", "the token in question"),
    _word("token_family", "all tokens that came from one grant"),
    _enum(
        "grant",
        "the OAuth grant that was used",
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "token_exchange",
        "ciba",
        "jwt_bearer",
    ),
    _many("audience", "the APIs that the token is for", "api"),
    _many("scope", "the scopes that were granted", "scope"),
    _many("subject_scope", "the scopes of the token that was exchanged", "scope"),
    _flag("elevated", "whether it is more than the client started with"),
    _enum("proof", "how the token is bound to its sender", "none", "dpop", "mtls"),
    _word("subject_token", "the token that was exchanged", "token"),
    _claimed(_number("depth", "hops of delegation that the token shows")),
    _word("subject", "who holds the permission", *_PARTY),
    _word("permission", "the permission in question", "scope"),
    _word("role", "the role that it comes with"),
    _flag("privileged", "whether it is a privileged right"),
    _duration("expires_in", "how long it is granted for"),
    _word("change", "names the change", "operation"),
    _word("setting", "the setting that was changed"),
    _word("budget", "the budget in question"),
    _claimed(_word("about", "the event that the entry is about", "event")),
    _claimed(_word("about_kind", "the kind of event that the entry is about", "kind")),
    _claimed(_word("outcome", "how it ended, as the log says")),
]
_BY_NAME = {f.name: f for f in _FIELDS}
_SPECIAL = {
    ("session.ended", "reason"): _enum("reason", "why the session ended", "logout", "idle", "expired", "admin"),
    ("request.denied", "reason"): _enum(
        "reason",
        "why it was refused",
        "invalid_token",
        "insufficient_scope",
        "insufficient_user_authentication",
        "not_owner",
        "disabled",
        "rate",
        "policy",
    ),
    ("agent.disabled", "channel"): _word("channel", "the way in which it was disabled"),
    ("agent.disabled", "reach"): _enum("reach", "one agent, or all of its domain", "one", "domain"),
    ("task.halted", "channel"): _enum("channel", "whether it was halted from outside", "in_band", "out_of_band"),
    ("audit.recorded", "by"): _claimed(_word("by", "who did it, as the log says", *_PARTY)),
    ("audit.recorded", "reason"): _claimed(_word("reason", "why, as the log says")),
    ("audit.recorded", "record"): _word("record", "names the entry of the log"),
    ("audit.deleted", "record"): _word("record", "the entry of the log that was deleted"),
    ("alert.sent", "about"): _word("about", "the event that the alert is about", "event"),
    ("data.erased", "store"): _word("store", "where it was erased"),
}

_TABLE: list[tuple[str, str, str]] = [
    ("user.arrived", "a person took up the first device", ""),
    ("user.left", "a person put down the last device", ""),
    ("user.active", "a person did something themselves; never an agent's call", ""),
    ("user.logged_out", "a person logged out", ""),
    ("user.authenticated", "a person signed in", "acr method? previous_session? instrument?"),
    ("user.authentication_failed", "an attempt to sign in failed", "reason?"),
    ("user.disabled", "an account was disabled", "by? reason?"),
    ("user.enabled", "an account was enabled again", "by? reason?"),
    ("user.locked", "an account was locked after failures", "reason?"),
    ("user.unlocked", "a locked account was opened again", "by? reason?"),
    ("user.context_switched", "a person turned from one task to another", "from_task?"),
    ("session.started", "a session began", ""),
    ("session.ended", "a session ended", "reason?"),
    (
        "consent.granted",
        "a person allowed data to be used",
        "consent purpose? categories? recipient? max_amount? renewal? api?",
    ),
    ("consent.withdrawn", "a person took a consent back", "consent purpose? recipient?"),
    ("consent.withdrawal_notified", "a recipient was told of a withdrawal", "consent recipient?"),
    ("approval.requested", "an approval of an operation was asked for", OPERATION + " approval"),
    (
        "approval.granted",
        "an operation was approved, as the person was shown it",
        OPERATION + " approval approver approver_type requested_by?",
    ),
    ("approval.refused", "an operation was not approved", OPERATION + " approval approver?"),
    ("operation.requested", "an operation was asked for", OPERATION),
    (
        "operation.completed",
        "an operation was done: a payment, a payout, a change",
        OPERATION + " sca? channel? instrument? consent?",
    ),
    ("operation.refused", "an operation was refused", OPERATION + " by?"),
    ("access.decided", "an enforcement point gave its opinion", "request? operation? decision"),
    ("request.allowed", "a request got through to the handler", "*"),
    ("request.denied", "a request was refused", "* reason"),
    (
        "data.accessed",
        "data about a person left an API, or was changed there",
        "* record owner? entitled? record_tenant? category trusted? action fields? allowed_fields? purpose? "
        "needed_categories?",
    ),
    ("answer.delivered", "an answer with data about a person was delivered", "to owner? entitled? category?"),
    ("memory.read", "data about a person was read from an agent's memory", "owner? entitled? category? store?"),
    ("document.created", "a document was written from records", "document owners? categories?"),
    (
        "reach.opened",
        "a credential began to open a way to data",
        "reach credential? pep? endpoint? owner? entitled? category? records provider? purpose?",
    ),
    ("reach.closed", "a credential stopped opening a way to data", "reach cause?"),
    ("data.erased", "data about a person was erased from a store", "owner store"),
    ("erasure.requested", "a person asked for erasure", "owner"),
    (
        "llm.received",
        "data reached an LLM provider",
        "provider origin entitled? model? region? owner? categories purpose? tokens cost",
    ),
    ("tool.changed", "the definition of a tool changed", "tool api? version?"),
    ("tool.approved", "the definition of a tool was approved", "tool api? version?"),
    ("message.sent", "an agent sent a message", "to_agent? destination? external category?"),
    ("message.accepted", "an agent accepted a message", "from_agent to_agent? nonce from_domain?"),
    ("agent.registered", "an agent was registered as a client", "by? by_type?"),
    ("agent.disabled", "an administrator disabled an agent", "by? reason? channel? reach"),
    ("agent.enabled", "an administrator enabled an agent again", "by? reason?"),
    ("agent.flagged", "an agent was noticed misbehaving", "reason?"),
    ("authorization.pushed", "a client pushed an authorization request", "request_uri"),
    ("authorization.forwarded", "a proxy sent a user on to another authorization server", "api? third_party"),
    ("code.issued", "an authorization code was issued", "code request_uri? lifetime"),
    (
        "token.issued",
        "a token was issued",
        "token token_family? grant code? lifetime audience scope elevated proof",
    ),
    ("token.exchanged", "a token was exchanged for another", "token subject_token scope subject_scope audience depth"),
    ("token.revoked", "a token was revoked", "token token_family? by? reason?"),
    ("token.reused", "a code or refresh token was used a second time", "token? token_family? code?"),
    (
        "permission.granted",
        "someone got a right or a role",
        "subject permission? role? privileged expires_in? by?",
    ),
    ("permission.revoked", "someone lost a right or a role", "subject permission? role? by?"),
    ("config.changed", "a setting of production was changed", "change setting?"),
    ("budget.exceeded", "a budget was used up", "budget"),
    ("budget.reset", "a budget was filled again", "budget"),
    ("task.started", "a task was begun", ""),
    ("task.ended", "a task was finished or given up", ""),
    ("task.halted", "a task was stopped", "by? channel?"),
    ("audit.recorded", "an entry was written to the audit log", "about? about_kind? outcome? by? reason? record?"),
    ("audit.deleted", "an entry of the audit log was deleted", "record"),
    ("alert.sent", "someone was alerted", "about? to?"),
]


def _kind(name: str, about: str, spec: str) -> Kind:
    fields = dict(COMMON)
    for part in spec.split():
        if part == "*":
            fields |= REQUEST
            continue
        field_name = part.rstrip("?")
        found = _SPECIAL.get((name, field_name), _BY_NAME[field_name])
        fields[field_name] = replace(found, optional=part.endswith("?"))
    return Kind(name, about, fields)


KINDS: Mapping[str, Kind] = {name: _kind(name, about, spec) for name, about, spec in _TABLE}
STANDARD = Vocabulary(KINDS)
"""The vocabulary of the language itself, before a file declares more."""


def declared_kind(name: str, fields: Mapping[str, Field], *, about: str = "", emitted_by: tuple[str, ...] = ()) -> Kind:
    """A kind that a file declares: its own fields, each of which may be absent, beside those of every event."""
    own = {n: replace(f, name=n, place="own", optional=True) for n, f in fields.items()}
    return Kind(name, about or "declared by the requirements file", {**COMMON, **own}, emitted_by)
