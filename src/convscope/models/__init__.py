"""From a `ModelSpec`: its cost, computed by hand, and its PyTorch module."""
