"""What traces show in numbers: exposure, windows, privilege, cost, and what may be said of them over many runs.

`reach` and `spans` read a trace; `exposure`, `windows`, `privilege`, `cost` and `realised` measure one run; `row` puts it
into one flat row and `frames` into tidy frames; `stats`, `resampling` and `summary` speak of many runs. Definitions with
formulas and units: docs/measures.md.
"""
