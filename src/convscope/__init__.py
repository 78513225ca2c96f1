"""Ask what a convolutional layer buys, and why, with experiments that test every claim."""
