"""Loss, accuracy and learning rate over the epochs."""
