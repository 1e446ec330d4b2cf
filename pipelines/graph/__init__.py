"""Components: what duplicates, crops and shared passages tie together, and the splits made of them."""
