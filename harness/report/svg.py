"""Draws a sequence diagram as SVG: lifelines, arrows, and red where something was stopped or broke.

Plain shapes and system fonts, no script, no link, no clock: the same messages give the same bytes. Stopped is told by
a cross and the words, broken by a bold red line and the words, so that colour alone never carries the meaning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from harness.report.diagram import MOST_MESSAGES, Message, label, participants
from harness.report.words import count

_LANE = 150
_ROW = 34
_HEAD = 84
_MARGIN = 90
_CHARACTERS_IN_HEAD = 20
_SMALLEST = 0.7
"""No diagram is shrunk to less of its size; a narrower window scrolls."""
_STYLE = "".join(
    f".sequence {selector}{{{rules}}}"
    for selector, rules in {
        "text": "font:12px system-ui,sans-serif;fill:#1a1a1a;paint-order:stroke;stroke:#fff;stroke-width:3px",
        ".t": "font-size:15px;font-weight:600",
        ".h": "text-anchor:middle;font-weight:600",
        ".m": "text-anchor:middle",
        ".l": "stroke:#b8b8b8;stroke-dasharray:4 4",
        ".a": "stroke:#333;fill:none",
        ".s": "stroke:#a35200;fill:none",
        ".b": "stroke:#b00020;stroke-width:3;fill:none",
        ".st": "fill:#a35200",
        ".br": "fill:#b00020;font-weight:600",
        ".box": "fill:#eef2f7;stroke:#8a99ad",
        ".bg": "fill:#fff",
    }.items()
)
"""Under a class of its own, so that it can stand in a page without touching it."""


def draw(drawn: Sequence[Message], *, title: str = "", left_out: int = 0) -> str:
    """The messages as one self-contained SVG document; `left_out` are messages that the caller did not hand over."""
    shown = drawn[:MOST_MESSAGES]
    lanes = {name: _MARGIN + number * _LANE for number, name in enumerate(participants(shown))}
    left_out += len(drawn) - len(shown)
    rows = sum(2 if message.stopped_by or message.broken else 1 for message in shown) + bool(left_out)
    width = 2 * _MARGIN + _LANE * max(len(lanes), 1)
    height = _HEAD + _ROW * (rows + 1)
    parts = [_frame(width, height, title), *_heads(lanes, height)]
    y = _HEAD
    for message in shown:
        y += _ROW
        parts.append(_arrow(message, lanes, y))
        if message.stopped_by or message.broken:
            parts.append(_remark(message, lanes, y + 16))
            y += _ROW // 2
    if left_out:
        parts.append(f'<text x="{_MARGIN}" y="{y + _ROW}">{count(left_out, "more step")} not drawn</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _frame(width: int, height: int, title: str) -> str:
    said = escape(title)
    return (
        f'<svg class="sequence" xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'style="max-width:100%;min-width:{round(_SMALLEST * width)}px;height:auto" viewBox="0 0 {width} {height}" '
        f'role="img">\n<title>{said}</title>\n<style>{_STYLE}</style>\n'
        f'<defs><marker id="e" markerUnits="userSpaceOnUse" markerWidth="9" markerHeight="9" refX="8" refY="4" orient="auto">'
        f'<path d="M0,0 L8,4 L0,8 z" fill="#333"/></marker></defs>\n<rect class="bg" width="100%" height="100%"/>\n'
        f'<text class="t" x="16" y="26">{said}</text>'
    )


def _heads(lanes: Mapping[str, int], height: int) -> list[str]:
    return [
        f'<line class="l" x1="{x}" y1="{_HEAD - 8}" x2="{x}" y2="{height - 12}"/>'
        f'<rect class="box" x="{x - 70}" y="{_HEAD - 36}" width="140" height="28" rx="5"/>'
        f'<text class="h" x="{x}" y="{_HEAD - 17}">{escape(_cut(name, _CHARACTERS_IN_HEAD))}</text>'
        for name, x in lanes.items()
    ]


def _arrow(message: Message, lanes: Mapping[str, int], y: int) -> str:
    start, end = lanes[message.sender], lanes[message.receiver]
    text = escape(label(message))
    if start == end:
        return f'<circle cx="{start}" cy="{y}" r="4" fill="#333"/><text x="{start + 10}" y="{y + 4}">{text}</text>'
    style = "s" if message.stopped_by else ("b" if message.broken else "a")
    middle = (start + end) // 2
    tip = _cross((start + end * 3) // 4, y) if message.stopped_by else ""
    reach = (start + end * 3) // 4 if message.stopped_by else end
    marker = "" if message.stopped_by else ' marker-end="url(#e)"'
    return (
        f'<line class="{style}" x1="{start}" y1="{y}" x2="{reach}" y2="{y}"{marker}/>{tip}'
        f'<text class="m" x="{middle}" y="{y - 6}">{text}</text>'
    )


def _cross(x: int, y: int) -> str:
    return f'<path class="b" d="M{x - 6},{y - 6} L{x + 6},{y + 6} M{x + 6},{y - 6} L{x - 6},{y + 6}"/>'


def _remark(message: Message, lanes: Mapping[str, int], y: int) -> str:
    x = (lanes[message.sender] + lanes[message.receiver]) // 2
    if message.broken:
        return f'<text class="m br" x="{x}" y="{y}">a requirement is broken here</text>'
    return f'<text class="m st" x="{x}" y="{y}">stopped by {escape(", ".join(message.stopped_by))}</text>'


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
