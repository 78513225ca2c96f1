"""From stored results to metrics.json: estimates, verdicts, exploratory analysis, probes."""
