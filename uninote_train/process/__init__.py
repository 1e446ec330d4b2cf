"""A training process: its rank among others, the signals that end it, the lock on its output folder."""
