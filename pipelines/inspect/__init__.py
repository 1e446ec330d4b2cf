"""Inspection of a workspace: the HTML report and the audit."""
