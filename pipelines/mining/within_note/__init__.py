"""Within-note pairs: a part of a note and the note."""
