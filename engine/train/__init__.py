"""Training: a generator of typed events, and everything it writes so that it can be resumed and replayed.

`trainer.train` needs torch; events, registries and the reading of runs do not.
"""
