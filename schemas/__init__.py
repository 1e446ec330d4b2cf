"""Schemas shared by all parts: tables, items, errors, settings. Imports no engine."""
