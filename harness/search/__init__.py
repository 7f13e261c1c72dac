"""The worst LLM: an adversary chooses every decision of agents, the schedule and the misfortunes, in a small world.

found = search(system, controls, requirement, vocabulary=vocabulary, depth=7)   # Found: attack, depth, complete, states
shortest attack: found.attack.steps; what would stop it: stopped_by_adding(found, ...); to a file: as_scenario(found)
"""

from harness.search.explore import Found, search

__all__ = ["Found", "search"]
