"""Items and pairs as Spark columns and as Arrow rows. Knows no step."""
