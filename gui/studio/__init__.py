"""What all pages share: the open project, its data, its training, its predictions."""

from gui.studio.studio import Sample, Studio

__all__ = ["Sample", "Studio"]
