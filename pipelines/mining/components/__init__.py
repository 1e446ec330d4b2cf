"""Connected components of notes that share content, and the train, validation and test splits by component."""
