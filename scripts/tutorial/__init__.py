"""docs/tutorial.md as a thing that runs: its blocks in order, and what they print held against the page."""
