"""The README of the package draws the lifecycles as the tables are."""

from __future__ import annotations

from pathlib import Path

import harness.oauth
from harness.oauth.lifecycles import LIFECYCLES, drawing

README = Path(harness.oauth.__file__).parent / "README.md"
MARK = "<!-- lifecycles: drawn from lifecycles.py by `python -m tests.oauth.test_readme` -->\n"


def drawn() -> str:
    parts = [
        f"### {name[0].upper()}{name[1:]}\n```mermaid\n{drawing(table)}\n```\n" for name, table in LIFECYCLES.items()
    ]
    return MARK + "\n".join(parts)


def test_the_drawings_are_those_of_the_tables() -> None:
    text = README.read_text(encoding="utf-8")
    assert text[text.index(MARK) :] == drawn(), "run `python -m tests.oauth.test_readme`"


if __name__ == "__main__":
    head = README.read_text(encoding="utf-8").partition(MARK)[0]
    README.write_text(head + drawn(), encoding="utf-8")
