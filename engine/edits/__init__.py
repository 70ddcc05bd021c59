"""Edits of a drawn network that need to know what its layers are: pure functions from one network to the next."""
