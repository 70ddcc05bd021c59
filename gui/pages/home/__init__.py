"""Home: start from a folder, a sample or a recent project."""

from gui.pages.home.page import HomePage

__all__ = ["HomePage"]
