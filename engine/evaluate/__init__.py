"""What a trained network answers, and how good its answers are."""
