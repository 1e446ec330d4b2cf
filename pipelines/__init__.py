"""How the tables are made. A folder is a step or a family of steps; they meet in tables."""
