"""One seed, named random streams: a new entity never shifts another's draws, so two designs meet the same misfortunes."""

from __future__ import annotations

import hashlib
import random


class Streams:
    """`streams["person/ana"]` is the random stream of that name under this seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._open: dict[str, random.Random] = {}

    def __getitem__(self, name: str) -> random.Random:
        found = self._open.get(name)
        if found is None:
            digest = hashlib.sha256(f"{self._seed}/{name}".encode()).digest()
            found = self._open[name] = random.Random(int.from_bytes(digest[:8], "big"))
        return found
