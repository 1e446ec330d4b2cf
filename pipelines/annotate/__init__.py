"""OCR and descriptions of pictures, and the positives that they give."""
