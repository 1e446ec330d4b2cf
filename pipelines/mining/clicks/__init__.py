"""Co-click: notes that the same users click, with exact sums and Swing scores."""
