"""Writes one HTML page about a workspace, with its pictures, for review and labelling."""
