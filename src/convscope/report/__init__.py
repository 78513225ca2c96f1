"""From metrics.json, figures and prose to HTML, PDF and site."""
