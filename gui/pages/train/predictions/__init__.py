"""The images of a training: watched ones, wrong ones, their biography, and looking back."""
