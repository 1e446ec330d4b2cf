"""jobs/annotate_images.py (Ray): OCR and descriptions of the pictures, and the pairs from them."""
