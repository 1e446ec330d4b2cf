"""Scripts for the maintenance of the project."""
