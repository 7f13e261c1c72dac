"""The files of a starter project: requirements with this system's endpoints, the system, scenarios, a page to read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import resources

from harness.plan.describe.model import Described, Description
from harness.plan.starter.choose import Work, choose
from harness.plan.starter.system_text import flow, system_text

KIND_MARK = "$KIND"


def starter_project(description: Description) -> dict[str, str]:
    """Texts by path below the project's folder."""
    work = choose(description)
    files = {
        "requirements.yaml": _requirements(description, work),
        f"scenarios/systems/{description.name}.yaml": system_text(description, work),
        "README.md": _readme(description, work),
    }
    files |= {f"scenarios/{name}": text for name, text in _scenarios(description, work)}
    return files


def template(name: str) -> str:
    """A text that ships with the package."""
    return (resources.files("harness.plan.starter") / name).read_text(encoding="utf-8")


def _requirements(description: Description, work: Work) -> str:
    endpoints = [f"{description.name}.{one.name}" for one in work.tasks.values()] + ["llm_gateway.complete"]
    text = template("requirements.yaml")
    text = text.replace("$SYSTEM", f"scenarios/systems/{description.name}.yaml")
    return text.replace("$LISTS", f"  agent_endpoints:\n    assistant: {flow(endpoints)}")


def _scenarios(description: Description, work: Work) -> Iterator[tuple[str, str]]:
    """Honest work, and the attacks that this system has a place for."""
    kinds = list(work.tasks)
    tasks = ", ".join(f"{{kind: {kind}, at: {2 + 40 * number}s}}" for number, kind in enumerate(kinds))
    yield "honest.yaml", template("honest.yaml").replace("$TASKS", tasks)
    first = kinds[0]
    for name in ATTACKS_ON_ANYTHING:
        yield f"{name}.yaml", template(f"{name}.yaml").replace(KIND_MARK, first)
    if work.off_list is not None:
        text = template("off_the_list.yaml").replace(KIND_MARK, first)
        yield "off_the_list.yaml", text.replace("$ENDPOINT", f"{description.name}.{work.off_list.name}")
    if "pay" in work.tasks:
        for name in ATTACKS_ON_APPROVALS:
            yield f"{name}.yaml", template(f"{name}.yaml")


ATTACKS_ON_ANYTHING = (
    "after_logout",
    "silent_departure",
    "no_consent",
    "withdrawn_consent",
    "another_customer",
    "stolen_token",
    "denied_agent",
)
ATTACKS_ON_APPROVALS = ("no_approval", "other_parameters", "approval_twice")


def _readme(description: Description, work: Work) -> str:
    named: Mapping[str, Described] = work.tasks
    tasks = "\n".join(f"- `{kind}`: {one.label}" for kind, one in named.items())
    missing = [kind for kind in ("read", "change", "pay") if kind not in named]
    lacking = f"\nNothing was found that could stand for {' and '.join(missing)}.\n" if missing else ""
    notes = "".join(f"\n- {note}" for note in description.notes)
    return (
        template("README.md")
        .replace("$NAME", description.name)
        .replace("$TASKS", tasks + lacking)
        .replace("$NOTES", f"\nFrom the description:\n{notes}\n" if notes else "")
    )
