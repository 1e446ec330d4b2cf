"""Loads published models and their weights; the client of OpenAI-compatible servers. Imports no step."""
