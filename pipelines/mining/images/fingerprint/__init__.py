"""A decoded picture to its perceptual hashes, local features and thumbnail."""
