"""The runs of a study: which there are, where their results lie, and how the missing ones are trained."""
