"""What comes in: importers of other layouts, and the sample corpus with known truth."""
