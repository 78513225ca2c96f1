"""One executed notebook a study, from the same sources as the report."""
