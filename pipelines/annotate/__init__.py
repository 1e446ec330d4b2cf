"""What pictures say (OCR) and show (descriptions), and the positives that this gives."""
