"""The SimPy shell around the mechanics: processes that wait, draw and call."""
