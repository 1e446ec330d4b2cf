"""What a file is by its bytes, and the records of CSV and JSON files as texts."""
