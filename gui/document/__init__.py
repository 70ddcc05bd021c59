"""The open project as the window sees it."""

from gui.document.project_document import ChangedOnDisk, ProjectDocument

__all__ = ["ChangedOnDisk", "ProjectDocument"]
