"""Co-click: notes that the same people click, one after the other."""
