"""The tables that the parts agree on: columns, items, errors, settings. Imports no engine."""
