"""Nearest items of each query: exact, IVF, MaxSim over elements."""
