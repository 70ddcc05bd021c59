"""What a training is judged to be, in words, and the next experiment as a button."""
