"""What a trained network has learnt, made visible."""
