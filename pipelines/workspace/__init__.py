"""Storage of tables: published atomically, located by their manifests, skipped when nothing changed."""
