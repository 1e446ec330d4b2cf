"""Which files an input has, on a disk or in a store, and their bytes."""
