"""What does a convolutional layer buy, and why?"""
