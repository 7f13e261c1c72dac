"""How fast it is, against a floor measured in the same run: `python -m benchmarks`, with `--json -` for the figures.

A module for each group of rows; `cases()` gives what `timing.measure` compares. Modules that measure in their own way
have `row()` instead, which gives `{"name", "floor_us", "ours_us", "ratio"}`.
"""
