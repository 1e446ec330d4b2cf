"""One HTML page of a workspace: what was mined, with the pictures, to look at and to label."""
