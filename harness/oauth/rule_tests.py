"""Which tests stand behind each protocol rule. Written by the tests (`tests/oauth/rulebook.py`), and kept true by one.

`python -m tests.oauth.rulebook` writes it again.
"""

from __future__ import annotations

from collections.abc import Mapping

TESTS: Mapping[str, tuple[str, ...]] = {}
