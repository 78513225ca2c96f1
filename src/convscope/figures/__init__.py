"""Figures from metrics.json and its pictures, in one style."""
