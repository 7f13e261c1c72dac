"""Everything that decides or changes state, as plain functions on a forkable state: no clock, no chance, no SimPy."""
