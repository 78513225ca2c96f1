"""What is handed in: grade sheet, notebooks, and the bundle with its own check."""
