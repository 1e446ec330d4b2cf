"""Detect a file's format from its bytes; split CSV and JSON files into records of text."""
