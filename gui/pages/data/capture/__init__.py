"""Collecting images with a camera or by drawing.

    from gui.pages.data.capture import CollectDialog

    dialog = CollectDialog(index.root, index.classes, "train", studio.settings, self)
    dialog.added.connect(...)      # list[Path]: files that are new; scan again
    dialog.removed.connect(...)    # list[Path]: files that the user has taken back; scan again
    dialog.show()                  # not modal; deletes itself once it was closed and all is written

`ImageWriter` adds what was dropped or pasted (see `gui.pages.data.incoming`) off the GUI thread:

    writer = ImageWriter(index.root, index.classes, "train", self)
    writer.written.connect(...)    # Written: class_name, paths, problems
    writer.failed.connect(...)     # an EngineError; nothing was added then
    writer.add(class_name, incoming(mime), prefix="pasted")

A source of frames other than the computer's cameras is a `FrameSource`, given as `make_source`.
"""

from gui.pages.data.capture.dialog import CollectDialog
from gui.pages.data.capture.frames import Camera, FrameSource
from gui.pages.data.capture.writer import ImageWriter, Removed, Written

__all__ = ["Camera", "CollectDialog", "FrameSource", "ImageWriter", "Removed", "Written"]
