"""What is handed in: the archive with its own check, the comparison of two, and the check of many by a lecturer."""
