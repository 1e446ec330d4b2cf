"""What a workspace holds: the HTML report and the audit."""
