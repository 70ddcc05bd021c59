"""The open project as the window sees it."""

from gui.document.project_document import ProjectDocument

__all__ = ["ProjectDocument"]
