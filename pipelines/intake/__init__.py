"""Read and check what comes in; refuse bad rows; keep the well-liked notes; balance them."""
