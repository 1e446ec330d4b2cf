"""The prompt of a judge, and its defences against instructions in notes."""
