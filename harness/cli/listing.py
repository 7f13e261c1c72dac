"""`harness list`: the catalogues as rows, all of them or those that an everyday word is about.

A row is a mapping with `id`, `name` and the columns of its catalogue; the table shows the columns that fit a line, JSON
shows all.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.cli.output import json_text, table_stream, write

if TYPE_CHECKING:
    from harness.trace import Vocabulary

Row = Mapping[str, Any]


def run_list(what: str, *, about: str | None, requirements: str, json: str | None) -> int:
    """Prints one catalogue; 0, also where a word is about nothing in it."""
    from harness.report.terminal import print_rows

    found = _about(what, CATALOGUES[what](requirements), about, requirements)
    write(json, json_text(found))
    stream = table_stream(json)
    columns = SHOWN[what]
    if found:
        print_rows(columns, ([_cell(row.get(column)) for column in columns] for row in found), stream)
    else:
        stream.write(f"nothing in the {what} is about `{about}`\n" if about else f"there are no {what}\n")
    return 0


def _about(what: str, rows: Sequence[Row], word: str | None, path: str) -> list[Row]:
    """The rows about a word: by its stem in the name first, then anywhere."""
    if word is None:
        return list(rows)
    if what == "events":
        wanted = [kind.name for kind in _vocabulary(path).about(word)]
        return sorted((row for row in rows if row["id"] in wanted), key=lambda row: wanted.index(row["id"]))
    stem = _stem(word)
    in_name = [row for row in rows if stem in f"{row['id']} {row['name']}".lower()]
    return in_name + [row for row in rows if row not in in_name and stem in _everything(row)]


def _stem(word: str) -> str:
    low = word.lower().strip()
    ending = next((e for e in ("ing", "ed", "es", "s") if low.endswith(e) and len(low) - len(e) >= 4), "")
    return low.removesuffix(ending)


def _everything(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{key} {_everything(part)}" for key, part in value.items())
    if isinstance(value, (list, tuple)):
        return " ".join(map(_everything, value))
    return str(value).lower()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple, Mapping)) else str(value)


def _requirements(path: str) -> list[Row]:
    from harness.requirements import load_requirements

    return [
        {
            "id": one.id,
            "name": one.text,
            "owner": one.owner,
            "severity": one.severity,
            "source": one.source,
            "line": one.line,
        }
        for one in load_requirements(path)
    ]


def _scenarios(path: str) -> list[Row]:
    from harness.suite import scenarios_of, step_scenarios_of

    return [
        {
            "id": one.id,
            "name": one.title,
            "requirements": list(one.aims),
            "misbehaviours": list(one.twists()),
            "system": one.system,
            "text": one.text,
        }
        for one in (*scenarios_of(path), *step_scenarios_of(path))
    ]


def _controls(path: str) -> list[Row]:
    from harness.plan import control_catalogue

    return [
        {
            "id": one.id,
            "name": one.name,
            "place": one.place,
            "source": one.source,
            "cost": one.cost,
            "settings": list(one.settings),
            "strengths": dict(one.strengths),
            "text": one.text,
        }
        for one in control_catalogue().values()
    ]


def _misbehaviours(path: str) -> list[Row]:
    from harness.plan import misbehaviour_catalogue

    return [
        {**one.model_dump(mode="json"), "requirements": list(one.aims)} for one in misbehaviour_catalogue().values()
    ]


def _events(path: str) -> list[Row]:
    return [
        {
            "id": kind.name,
            "name": kind.name,
            "about": kind.about,
            "own_fields": list(kind.own),
            "fields": {f.name: {"type": f.type_text, "mark": f.mark, "about": f.about} for f in kind.fields.values()},
            "emitted_by": list(kind.emitted_by),
        }
        for kind in _vocabulary(path).kinds.values()
    ]


def _vocabulary(path: str) -> Vocabulary:
    """The kinds of events of the language, and those that the requirements file declares, if there is one."""
    from harness.requirements import read_requirements, vocabulary_of
    from harness.trace import STANDARD

    return vocabulary_of(read_requirements(path)) if os.path.isfile(path) else STANDARD


def _protocol_rules(path: str) -> list[Row]:
    from harness.oauth.rules import catalogue

    return list(catalogue())


CATALOGUES: Mapping[str, Callable[[str], list[Row]]] = {
    "requirements": _requirements,
    "scenarios": _scenarios,
    "controls": _controls,
    "misbehaviours": _misbehaviours,
    "events": _events,
    "protocol-rules": _protocol_rules,
}
SHOWN: Mapping[str, tuple[str, ...]] = {
    "requirements": ("id", "owner", "severity", "source", "name"),
    "scenarios": ("id", "requirements", "misbehaviours", "name"),
    "controls": ("id", "name", "place", "source", "cost"),
    "misbehaviours": ("id", "name", "requirements", "controls", "asi", "llm", "api", "atlas", "cwe"),
    "events": ("id", "about", "own_fields"),
    "protocol-rules": ("id", "status", "source", "name"),
}
