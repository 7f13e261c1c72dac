"""Everything that can be done in a world, as data: by people, by agents' runtimes, by operators, by outsiders.

An agent's commands are all that its runtime can be talked into; what an LLM can not do is in the runtime and the
controls. Each command of an agent names the `goal` it serves, so that a control that refuses an early step is credited
when the effect fails, and the `twist` that chose it (None: honest work).
"""

from __future__ import annotations

import msgspec


class Command(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The base of all commands."""


class Deed(Command, frozen=True, gc=False, kw_only=True):
    """What people and operators do themselves; `twist` says what goes wrong about it on purpose (None: nothing)."""

    twist: str | None = None


# ---------------------------------------------------------------- people


class Arrive(Deed, frozen=True, gc=False):
    """A person takes up a device."""

    user: str
    device: str = "browser"


class Leave(Deed, frozen=True, gc=False):
    """A person puts a device down, saying nothing to any system."""

    user: str
    device: str = "browser"


class LogIn(Command, frozen=True, gc=False):
    """A person authenticates at the authorization server through an application, which gets tokens by the code flow.

    Without an `app` it is the one that people use.
    """

    user: str
    app: str | None = None
    acr: str = "low"


class LogOut(Deed, frozen=True, gc=False):
    """A person ends a session explicitly."""

    user: str
    session: str


class Act(Command, frozen=True, gc=False):
    """A human act in a session: a click, a key. Only these keep a session alive."""

    user: str
    session: str


class GiveConsent(Deed, frozen=True, gc=False):
    """A person consents to data of these categories going to this recipient for this purpose.

    One that was given `beforehand` is known to every replica.
    """

    user: str
    agent: str
    recipient: str
    purpose: str
    categories: tuple[str, ...]
    beforehand: bool = False


class WithdrawConsent(Deed, frozen=True, gc=False):
    """A person takes a consent back."""

    user: str
    recipient: str
    purpose: str


class DeclineConsent(Command, frozen=True, gc=False):
    """A person says no to the consent that a task needs, or leaves the question unanswered."""

    user: str
    task: str


class StartTask(Command, frozen=True, gc=False):
    """A person gives a task to an agent, within a session."""

    user: str
    session: str
    agent: str
    kind: str
    purpose: str
    twist: str | None = None


class AnswerPrompt(Command, frozen=True, gc=False):
    """A person answers an approval prompt on a device of their own."""

    user: str
    approval: str
    approve: bool
    device: str = "phone"


class Halt(Deed, frozen=True, gc=False):
    """A person stops a running task: through the chat (`in_band`) or at the authorization server (`out_of_band`)."""

    user: str
    task: str
    channel: str = "out_of_band"


class UseDirectly(Command, frozen=True, gc=False):
    """A person calls an API through an application, without an agent."""

    user: str
    session: str
    endpoint: str
    record: str | None = None
    amount: float = 0
    payee: str | None = None


# ---------------------------------------------------------------- agents


class Step(Command, frozen=True, gc=False, kw_only=True):
    """What every command of a program carries. `agent` is the running program, whatever client_id it uses.

    `person` is who uses an application directly, where there is no task. `fault` is what befell it on its way: late, or
    sent again; what is refused then was challenged by that.
    """

    agent: str
    person: str | None = None
    task: str | None = None
    goal: str = "task"
    twist: str | None = None
    fault: str | None = None


class GetToken(Step, frozen=True, gc=False, kw_only=True):
    """Ask an authorization server for a token. `subject` is the credential handle to exchange or refresh.

    `says` are further parameters that the client writes into the request, such as that the person is still there.
    """

    grant: str = "token_exchange"
    server: str = "home"
    audience: str | None = None
    scope: tuple[str, ...] = ()
    subject: str | None = None
    provider: str | None = None
    purpose: str | None = None
    categories: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    offline: bool = False
    as_client: str | None = None
    says: tuple[tuple[str, str], ...] = ()


class Call(Step, frozen=True, gc=False, kw_only=True):
    """Call an endpoint or tool with a credential. `record` or `owner` is the parameter that selects the data.

    `items` are the data in its arguments; a `cancelled` call is sent, and its answer never read. `passthrough` is a
    misbehaving MCP server: it sends the token it got on to that endpoint. `job` has the server go on by itself with the
    token that it derived. `header_tool` is what the `Mcp-Name` header says where it is not the tool in the body; a
    `bare` call comes without the key or certificate that its token is bound to.
    """

    endpoint: str
    credential: str | None = None
    record: str | None = None
    owner: str | None = None
    amount: float = 0
    currency: str = "EUR"
    payee: str | None = None
    approval: str | None = None
    operation: str | None = None
    handle: str | None = None
    items: tuple[str, ...] = ()
    cancelled: bool = False
    passthrough: str | None = None
    job: bool = False
    around: bool = False
    header_tool: str | None = None
    bare: bool = False


class SendToModel(Step, frozen=True, gc=False, kw_only=True):
    """Send the conversation and these pieces of data to a model provider through the egress."""

    provider: str
    credential: str | None = None
    items: tuple[str, ...] = ()
    purpose: str | None = None


class AskApproval(Step, frozen=True, gc=False, kw_only=True):
    """Ask a person to approve an operation; `shown_*` is what the agent's own text claims about it."""

    endpoint: str
    user: str | None = None
    record: str | None = None
    amount: float = 0
    currency: str = "EUR"
    payee: str | None = None
    shown_amount: float | None = None
    shown_payee: str | None = None


class RedeemApproval(Step, frozen=True, gc=False, kw_only=True):
    """Poll for the answer and, where it is yes, take the token that it gives (CIBA)."""

    approval: str


class AnswerInstead(Step, frozen=True, gc=False, kw_only=True):
    """The agent answers the prompt itself, in the person's name."""

    approval: str


class SendMessage(Step, frozen=True, gc=False, kw_only=True):
    """Send data to another agent or to the outside."""

    to: str
    external: bool = False
    items: tuple[str, ...] = ()
    credential: str | None = None


class StoreMemory(Step, frozen=True, gc=False, kw_only=True):
    """Keep a piece of data beyond the task."""

    item: str
    store: str = "memory"


class ReadMemory(Step, frozen=True, gc=False, kw_only=True):
    """Look into the agent's memory for what it kept."""

    memory: str


class Deliver(Step, frozen=True, gc=False, kw_only=True):
    """Give the person an answer that contains these pieces of data."""

    items: tuple[str, ...] = ()


class EndTask(Step, frozen=True, gc=False, kw_only=True):
    """The task is over; `completed` says whether it did what was asked."""

    completed: bool = True


class Register(Step, frozen=True, gc=False, kw_only=True):
    """Register another client at an authorization server (RFC 7591) and use it from now on."""

    server: str = "home"


class Spawn(Step, frozen=True, gc=False, kw_only=True):
    """Start a sub-agent and hand it the task's authority: a credential of this one's, where one is named."""

    sub_agent: str
    credential: str | None = None


# ---------------------------------------------------------------- operators, outsiders, time


class DisableAgent(Deed, frozen=True, gc=False):
    """An administrator denies an agent, from this instant on.

    Where it shares a client with others, all of them are denied with it, unless they are to be spared.
    """

    agent: str
    by: str = "admin"
    reach: str = "one"
    sparing: bool = False


class EnableAgent(Deed, frozen=True, gc=False):
    """An administrator lets an agent work again."""

    agent: str
    by: str = "admin"


class RevokeGrant(Deed, frozen=True, gc=False):
    """An administrator or a person revokes the grant behind a task."""

    task: str
    by: str = "admin"


class LockUser(Deed, frozen=True, gc=False):
    """An administrator locks a person's account."""

    user: str
    by: str = "admin"


class UnlockUser(Deed, frozen=True, gc=False):
    """An administrator opens a person's account again."""

    user: str
    by: str = "admin"


class EndSessions(Deed, frozen=True, gc=False):
    """An administrator ends all sessions of a person."""

    user: str
    by: str = "admin"


class GiveAccess(Command, frozen=True, gc=False):
    """A person may see another's records from now on: a mandate, an assignment, a share."""

    user: str
    owner: str


class EndAccess(Command, frozen=True, gc=False):
    """A person may see another's records no more."""

    user: str
    owner: str


class ChangeTool(Deed, frozen=True, gc=False):
    """A tool's definition changes under the name that was approved; from now on it may call something else."""

    tool: str
    calls: str | None = None


class AddTool(Deed, frozen=True, gc=False):
    """A tool turns up that nobody has approved."""

    tool: str


class ApproveTool(Deed, frozen=True, gc=False):
    """An administrator approves a tool in its present version."""

    tool: str
    by: str = "admin"


class StealClient(Command, frozen=True, gc=False):
    """An outsider has the keys of a client, and the refresh tokens that it holds."""

    client: str


class Lure(Step, frozen=True, gc=False, kw_only=True):
    """A person is lured to an authorization link of a client that the attacker registered, with a session open."""

    user: str


class Leak(Command, frozen=True, gc=False):
    """A credential ends up where an outsider finds it: a log, a prompt, a tool argument."""

    credential: str
    to: str = "thief"


class TakeStep(Deed, frozen=True, gc=False):
    """Whoever does it takes a step that a requirements file declares, by itself and not beside something else."""

    step: str
    by: str = "admin"
    user: str | None = None
    agent: str | None = None


class Prepare(Command, frozen=True, gc=False):
    """The steps that must come before a deed are done now, and the deed itself later."""

    deed: Deed


class Jump(Command, frozen=True, gc=False):
    """Nothing happens but time: what falls due on the way is done, each thing at its own instant."""
