"""Several trainings as one: queue, folds, seeds and searches, and what came of them."""
