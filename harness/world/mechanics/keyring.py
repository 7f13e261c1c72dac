"""Keys by name: derived from the seed and remembered for it, so that a sweep pays for each key once."""

from __future__ import annotations

from functools import lru_cache

from harness.oauth import KeySet, SigningKey, keys


@lru_cache(maxsize=4096)
def key(seed: int, name: str) -> SigningKey:
    """The key with this name under this seed."""
    return SigningKey.derive(seed.to_bytes(16, "big", signed=True), name)


@lru_cache(maxsize=512)
def key_set(seed: int, server: str) -> KeySet:
    """The published keys of a server, with the memory of good signatures."""
    return KeySet([key(seed, f"server/{server}").public])


def forget() -> None:
    """Drop the keys of earlier runs, and what is remembered of their signatures."""
    key.cache_clear()
    key_set.cache_clear()
    keys.forget()
