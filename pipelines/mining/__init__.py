"""The job that mines pairs: its settings, its stages in order, what it says at the end."""
