"""The Spark session, Ray, and the block shuffle. Knows no step."""
