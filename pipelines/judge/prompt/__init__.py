"""The question that a judge is asked, and its defences against text in notes."""
