"""A complete deep-learning tool for images without a window: a library, a command line, and what the window drives.

Nothing in here may import Qt. Importing `engine` is cheap: torch is imported only where something is computed.
"""

__version__ = "0.1.0"
