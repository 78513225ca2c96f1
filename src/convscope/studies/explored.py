"""Trained networks that the site's explorer shows, of seed 0; published results keep their weights."""

SHIFT = "shift"
SHUFFLED = ("inductive_bias_glyphs", "inductive_bias")
"""The studies of pixel order; the first one whose networks are there is shown."""

EXPLORED = {SHIFT: ("mlp", "cnn", "gap"), **dict.fromkeys(SHUFFLED, ("conv", "conv-permuted"))}
"""Variants by study."""

KERNELS = "fashion"
"""A study whose learned kernels are shown, which pictures hold; weights, where they are there, add the biases."""
