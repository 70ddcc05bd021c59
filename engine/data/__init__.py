"""Pictures: where they come from, how they are read, checked, split, cached and fed to a network."""
