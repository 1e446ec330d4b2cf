"""Draws the pictures of the sample corpus: objects, backgrounds, textures, lettering."""
