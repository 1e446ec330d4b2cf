"""Spark steps in the order of the data: intake, images, text, clicks, within_note, components."""
