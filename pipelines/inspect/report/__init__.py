"""One HTML page of a workspace, with its pictures, to review and to label."""
