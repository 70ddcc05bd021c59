"""The place where the network is drawn."""

from gui.pages.network.page import NetworkPage

__all__ = ["NetworkPage"]
