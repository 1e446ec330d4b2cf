"""A folder of pictures as a corpus: one note a picture, or a note a sub-folder, with the captions beside them."""
