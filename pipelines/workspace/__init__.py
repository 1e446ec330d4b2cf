"""Where tables live: published whole or not at all, read by their manifest, skipped when nothing changed."""
