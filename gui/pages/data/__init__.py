"""Data: what the network learns from, how it is divided, what of it the network receives."""

from gui.pages.data.page import DataPage

__all__ = ["DataPage"]
