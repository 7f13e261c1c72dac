"""The system file of a starter project, as text: what the description states, and beside each guess why it was made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.plan.describe.model import Described, Description, Guess
from harness.plan.starter.choose import Work, scope_of

CONTROLS = """\
# Every control of the reference design is on. Take one away (`K04: off`) and see what breaks.
controls:
  K01: on
  K02: on
  K03: on
  K04: on
  K05: on
  K06: on
  K07: on
  K08: on
  K09: {on: true, delay: 1s}
  K10: on
  K11: on
  K12: on
  K13: on
  K14: {on: true, lifetime: 2m}
  K15: {on: true, limit: 10}
  K16: on
  K17: {on: true, delay: 1s}
  K18: on
  K19: on
  K20: on
"""


def system_text(description: Description, work: Work) -> str:
    """The whole file."""
    scopes = list(dict.fromkeys(scope_of(one) for one in work.tasks.values()))
    lines = [
        "kind: system",
        f"name: {description.name}",
        f"text: A first model of {quoted(description.title)}. What is marked as a guess nobody has decided yet.",
        "",
        "people:",
        "  customers: [ana, ben, cleo]",
        "  administrators: [admin]",
        "",
        "servers:",
        "  home: {session_idle: 2m, access_token_lifetime: 2m, leeway: 5s}",
        "",
        "apis:",
        "  a2a:",
        "    kind: a2a",
        "    endpoints:",
        "      message: {scope: agent.message}",
        f"  {description.name}:",
        *(["    kind: mcp"] if description.kind == "mcp" else []),
        "    endpoints:",
        *(line for one in description.endpoints for line in _endpoint(one)),
        "  llm_gateway:",
        "    kind: llm_gateway",
        "    endpoints:",
        "      complete: {scope: llm.invoke}",
        "",
        *_programs(description.name, scopes),
        "",
        *_tasks(description.name, work),
        "",
    ]
    return "\n".join(lines) + CONTROLS


def _endpoint(one: Described) -> Iterator[str]:
    """The endpoint's line, after a line of comment with its label and the reasons of the guesses."""
    guessed = [f"privilege: {one.privilege.because}"]
    if isinstance(one.scope, Guess):
        guessed.insert(0, f"scope: {one.scope.because}")
    if one.administrative is not None:
        guessed.append(f"administrative: {one.administrative.because}")
    if one.untrusted is not None:
        guessed.append(f"trusted: {one.untrusted.because}")
    owner = f"; whose data: `{', '.join(one.owner_parameters)}`" if one.owner_parameters else ""
    yield f"      # {comment(one.label)}{owner}. Guesses: {'; '.join(comment(text) for text in guessed)}"
    settings = [f"scope: {scope_of(one)}", f"action: {one.action}", f"category: {one.category}"]
    if one.action != "read":
        settings.append(f"operation: {one.name}")
    if one.privilege.value != "low":
        settings.append(f"privilege: {one.privilege.value}")
    if one.privilege.value == "high":
        settings.append("acr: high")
    if one.administrative is not None:
        settings.append("administrative: true")
    if one.untrusted is not None:
        settings.append(f"trusted: {one.untrusted.value}")
    yield f"      {one.name}: {{{', '.join(settings)}}}"


def _programs(api: str, scopes: list[str]) -> Iterator[str]:
    yield from (
        "# Which scopes the agent may have where (K02): the ones that the honest tasks below need.",
        "agents:",
        "  assistant:",
        "    provider: main_llm",
        "    policy:",
        f"      {api}: {flow(scopes)}",
        "      llm_gateway: [llm.invoke]",
        "  foreign_agent:",
        "    kind: partner",
        "    policy:",
        f"      {api}: {flow(scopes[:1])}",
        "",
        "services:",
        "  portal:",
        "    user_facing: true",
        "    policy:",
        f"      a2a: {flow(['agent.message', *scopes, 'llm.invoke'])}",
        f"      {api}: {flow(scopes)}",
        "",
        "providers:",
        "  main_llm: {model: general-1, region: EU}",
        "  other_llm: {model: general-2, region: US}",
    )


def _tasks(api: str, work: Work) -> Iterator[str]:
    categories = list(dict.fromkeys(one.category for one in work.tasks.values()))
    yield "# What people ask the agent for, what for, and which data that needs."
    yield "purposes:"
    yield f"  assistance: {{categories: {flow(categories)}, provider: main_llm}}"
    yield "tasks:"
    for kind, one in work.tasks.items():
        yield f"  {kind}: {{tool: {api}.{one.name}, purpose: assistance}}"


def flow(values: Iterable[str]) -> str:
    """A list on one line."""
    return f"[{', '.join(values)}]"


def comment(text: str) -> str:
    """A text as it may stand in a comment: one line, printable."""
    return "".join(c if c.isprintable() else " " for c in text)[:160]


def quoted(text: str) -> str:
    """A title as it may stand in plain YAML text."""
    return "".join(c if c.isalnum() or c in " .-_()" else " " for c in text).strip()[:80] or "an API"
