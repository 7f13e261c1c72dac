"""Everything that the search has to find, timed together: each control taken away, then each mutant of the protocol.

    python -m tests.search.all_found

Two at a time. Ends with 1 where something is not found, or does not break its requirement in the full world too.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ProcessPoolExecutor

from harness.search.table import cell, cells
from tests.search.test_mutants import CELLS, Site, is_found

REQUIREMENTS, SYSTEM = "requirements.yaml", "scenarios/systems/insurance.yaml"
BROKEN = (
    "K01:R3 K02:R3 K03:R3+R5 K04:R4+R1 K05:R4+R1+R5 K06:R3+R4+R6 K07:R1 K08:R1 K09:R1 K10:R2 K11:R2+R3 K12:R5+R1 K13:R5 "
    "K14:R1+R5 K15:R5 K16:R6 K17:R2+R6 K18:R6 K19:R6+R3+R4 K20:R4+R3+R6"
)
"""Requirements that break without a control, as the table of the documentation has them."""


def control_row(word: tuple[str, str, str, str]) -> tuple[str, bool, float]:
    """One requirement without one control."""
    found = cell(word)
    return f"{found.control} {found.requirement}: {found.text}", found.length is not None and found.replays, found.seconds


def mutant_row(word: tuple[Site, str]) -> tuple[str, bool, float]:
    """One requirement with one refusal of the protocol taken out."""
    site, key = word
    started = time.perf_counter()
    attack, replays = is_found(site, key)
    seconds = time.perf_counter() - started
    steps = f"broken in {attack.length} steps" if attack else "not found"
    return f"{site[0]} ({site[1]}) {key}: {steps}", replays, seconds


def main() -> int:
    """Print each row, and how long all took."""
    started = time.perf_counter()
    with ProcessPoolExecutor(max_workers=2) as pool:
        rows = [
            *pool.map(control_row, cells(REQUIREMENTS, SYSTEM, BROKEN.split())),
            *pool.map(mutant_row, CELLS),
        ]
    for text, fine, seconds in rows:
        print(f"{seconds:6.1f} s  {text}{'' if fine else '  <- NOT FOUND IN BOTH WORLDS'}")
    found = sum(fine for _, fine, _ in rows)
    print(f"{found} of {len(rows)} found, in {time.perf_counter() - started:.0f} s on two cores")
    return 0 if found == len(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
