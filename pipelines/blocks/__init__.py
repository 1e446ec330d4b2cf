"""Small rows of numbers that travel between tasks as a few large ones."""
