"""An attack in sentences, one for each step, and what a search that found none may say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from harness.plan.steps import STEP_TWISTS
from harness.plan.values import duration_text
from harness.search.shrink import Attack, rows
from harness.world.mechanics import commands as c
from harness.world.mechanics import hostile

if TYPE_CHECKING:
    from harness.search.explore import Found


def bound_text(found: Found) -> str:
    """What was found, or the bound up to which nothing was; a search that was cut short says so."""
    often = f", each repeated {found.repeated} times at most, which is fewer than a limit" if found.repeated else ""
    stolen = ", where the keys of a client may be stolen" if found.stolen else ""
    seen = f"{found.states} states, {found.transitions} steps tried{often}{stolen}"
    if found.attack is not None:
        where = f" in a larger world, in the last of {found.drawn} runs drawn there" if found.drawn else ""
        wrong = found.attack.misfortunes.text
        after = f"after {found.depth} events" if found.depth >= 0 else "in its first state"
        cut = f"; the small world was cut short {after}, so there may be a shorter one"
        cut = cut if found.drawn and not found.complete else ""
        return f"broken in {found.attack.length} steps{where}{f', with {wrong}' if wrong else ''} ({seen}){cut}"
    wrong = f" with {found.misfortunes.text}" if found.misfortunes.text else ""
    drawn = f"; {_drawn_text(found)}" if found.drawn else ""
    if found.depth < 0:
        return f"cut short in the first state{wrong}: nothing can be said of this small world ({seen}){drawn}"
    if not found.challenged and not found.stopped:
        cut = "" if found.complete or found.repeated else f"; cut short after {found.depth} events"
        return f"nothing that was tried{wrong} would have broken it: no verdict{cut} ({seen})"
    if found.exhausted:
        return f"no attack in this small world{wrong}, however many events ({seen}){drawn}"
    cut = "" if found.complete else "; cut short there"
    return f"no attack within {found.depth} events in this small world{wrong}{cut} ({seen}){drawn}"


def _drawn_text(found: Found) -> str:
    """What it says that drawing found nothing: how much was tried, no more."""
    cut = ", cut short there," if found.draw_cut else ""
    return (
        f"{found.drawn} runs drawn in a larger world{cut} found none either: {found.decisions} decisions, "
        f"{found.stopped} breaches stopped, which is no proof"
    )


def steps_text(attack: Attack) -> Iterator[str]:
    """A sentence for each step, with the instant where time has passed; the same step in a row is told once."""
    before_ms = 0
    for number, times in rows(attack):
        at_ms, command = attack.steps[number]
        when = f"after {duration_text(at_ms - before_ms)}, " if at_ms > before_ms else ""
        before_ms = at_ms
        yield when + sentence(command) + (f", {times} times" if times > 1 else "")


def sentence(command: c.Command) -> str:
    """A step in domain words, with what goes wrong about a declared step that belongs to it."""
    twist = getattr(command, "twist", None) or ""
    wrong = next((twist.removeprefix(key) for key in STEP_TWISTS if twist.startswith(key)), None)
    how = f" ({STEP_TWISTS[twist.removesuffix(wrong)]}: {wrong})" if wrong is not None else ""
    return _SAID[type(command)](command) + how


_HOW = {
    "token_exchange": "exchanges {subject} for",
    "refresh_token": "refreshes {subject} for",
    "client_credentials": "asks in its own name for",
    "claimed_subject": "asserts that {person} is its user, for",
    "id_jag": "asks in exchange for {subject} for an assertion for",
    "jwt_bearer": "presents the assertion {subject} for",
    "renew": "has the application renew",
}
"""How an agent gets a token, by grant."""


def _token(step: Any) -> str:
    how = _HOW[step.grant].format(subject=step.subject, person=step.person)
    scope = f" with scope {' '.join(step.scope)}" if step.scope else ""
    what = f"a token for {step.audience}{scope}" if step.audience else "a new message token"
    consent = f" to send data to {step.provider} for {step.purpose}" if step.provider else ""
    more = (
        f" at {step.server}" if step.server != "home" else "",
        " as a refresh token that works offline" if step.offline else "",
        f" as the client {step.as_client}" if step.as_client else "",
        f", saying {' '.join(f'{name}={value}' for name, value in step.says)}" if step.says else "",
    )
    return f"{step.agent} {how} {what}{consent}{''.join(more)}"


def _call(step: Any) -> str:
    more = (
        " as a queued job" if step.job else "",
        f" with {step.credential}" if step.credential else " without a credential",
        f" for records of {step.owner}" if step.owner else f" for {step.record}" if step.record else "",
        f", {step.amount:g} {step.currency} to {step.payee}" if step.amount else "",
        f" with approval {step.approval}" if step.approval else f" with handle {step.handle}" if step.handle else "",
        f", with {' '.join(step.items)} in its arguments" if step.items else "",
        f", which passes the token on to {step.passthrough}" if step.passthrough else "",
        ", around the gateway" if step.around else "",
        f", with {step.header_tool} as the tool in its header" if step.header_tool else "",
        ", without the key of its token" if step.bare else "",
        ", and does not wait for the answer" if step.cancelled else "",
    )
    return f"{step.agent} calls {step.endpoint}{''.join(more)}"


def _ask(step: Any) -> str:
    shown = f", shown as {step.shown_amount:g} to {step.shown_payee}" if step.shown_amount is not None else ""
    return f"{step.agent} asks {step.user} to approve {step.endpoint}, {step.amount:g} to {step.payee}{shown}"


def _about(step: c.TakeStep) -> str:
    about = [one for one in (step.user, step.agent) if one]
    return f" about {' and '.join(about)}" if about else ""


_SAID: Mapping[type[c.Command], Callable[[Any], str]] = {
    c.Arrive: lambda s: f"{s.user} arrives",
    c.Leave: lambda s: f"{s.user} leaves silently",
    c.LogIn: lambda s: f"{s.user} signs in",
    c.LogOut: lambda s: f"{s.user} signs out",
    c.Act: lambda s: f"{s.user} does something",
    c.GiveConsent: lambda s: f"{s.user} consents that {s.recipient} gets data for {s.purpose}",
    c.WithdrawConsent: lambda s: f"{s.user} withdraws the consent for {s.recipient} and {s.purpose}",
    c.StartTask: lambda s: f"{s.user} gives {s.agent} the task `{s.kind}`",
    c.AnswerPrompt: lambda s: f"{s.user} {'approves' if s.approve else 'refuses'} {s.approval}",
    c.Halt: lambda s: f"{s.user} stops {s.task}",
    c.UseDirectly: lambda s: f"{s.user} calls {s.endpoint} through the application",
    c.GetToken: _token,
    c.Call: _call,
    c.SendToModel: lambda s: f"{s.agent} sends {', '.join(s.items) or 'a prompt alone'} to {s.provider} with {s.credential}",
    c.AskApproval: _ask,
    c.RedeemApproval: lambda s: f"{s.agent} redeems {s.approval}",
    c.AnswerInstead: lambda s: f"{s.agent} answers {s.approval} itself",
    c.SendMessage: lambda s: f"{s.agent} sends {', '.join(s.items) or 'a message'} to {s.to}",
    c.StoreMemory: lambda s: f"{s.agent} remembers {s.item}",
    c.ReadMemory: lambda s: f"{s.agent} recalls {s.memory} in {s.task}",
    c.Deliver: lambda s: f"{s.agent} answers with {', '.join(s.items)}",
    c.EndTask: lambda s: f"{s.agent} ends {s.task}",
    c.Register: lambda s: f"{s.agent} registers another client at {s.server}",
    c.Spawn: lambda s: f"{s.agent} starts {s.sub_agent}",
    c.DisableAgent: lambda s: f"{s.by} disables {s.agent}{' alone' if s.sparing else ''}",
    c.EnableAgent: lambda s: f"{s.by} enables {s.agent}",
    c.RevokeGrant: lambda s: f"{s.by} revokes the grant of {s.task}",
    c.LockUser: lambda s: f"{s.by} locks {s.user}",
    c.UnlockUser: lambda s: f"{s.by} unlocks {s.user}",
    c.EndSessions: lambda s: f"{s.by} ends all sessions of {s.user}",
    c.EndAccess: lambda s: f"{s.user} may see the records of {s.owner} no more",
    c.ChangeTool: lambda s: f"the tool {s.tool} changes{f', and calls {s.calls} now' if s.calls else ''}",
    c.ApproveTool: lambda s: f"{s.by} approves {s.tool} as it is now",
    c.StealClient: lambda s: f"the keys of {s.client} and its refresh tokens are stolen",
    c.Leak: lambda s: f"{s.credential} leaks to {s.to}",
    c.DeclineConsent: lambda s: f"{s.user} declines the consent that {s.task} needs",
    c.GiveAccess: lambda s: f"{s.user} may see the records of {s.owner} from now on",
    c.AddTool: lambda s: f"the tool {s.tool} turns up anew",
    c.Lure: lambda s: f"{s.agent} lures {s.user} to a link of its own client",
    c.TakeStep: lambda s: f"{s.by} takes the step {s.step}{_about(s)}",
    c.Prepare: lambda s: f"what must come before is done: {sentence(s.deed)}",
    c.Jump: lambda s: "time passes",
    hostile.Forge: lambda s: f"{s.agent} forges a token for {s.audience} in the name of {s.subject} ({s.kind})",
    hostile.PublishDocument: lambda s: f"{s.agent} publishes a client document at {s.url}, which resolves to {s.address}",
    hostile.FollowMetadata: lambda s: f"{s.agent} follows the metadata of {s.api}"
    f"{f' to {s.issuer}' if s.issuer else ''}{f', which says that it is {s.claims},' if s.claims else ''}"
    f" and signs {s.user} in there",
    hostile.LureToConfirm: lambda s: f"{s.agent} lures {s.user} to the page of {s.approval}, who confirms there",
}
