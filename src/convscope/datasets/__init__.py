"""Data sets: found or fetched, verified, loaded and split; and glyphs, which are drawn."""
