"""What was pasted or dropped, as inputs for `engine.data.collect.add_images`.

from gui.pages.data.incoming import can_take, incoming

if can_take(event.mimeData()):            # while something hangs over a class
    event.acceptProposedAction()
writer.add(class_name, incoming(event.mimeData()), prefix="pasted")      # may raise EngineError: show it
"""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QMimeData

from engine.data.collect import Given
from engine.errors import EngineError
from gui.pages.shared.qimages import pixels
from gui.widgets.drop_well import dropped_image, dropped_paths

_DRAWINGS = "image/svg"  # made of lines instead of pixels


def can_take(data: QMimeData) -> bool:
    """Whether `incoming` would find something, judging without reading it."""
    return bool(dropped_paths(data)) or data.hasImage() or bool(_image_formats(data))


def incoming(data: QMimeData) -> list[Given]:
    """The files and folders in `data`; where there are none, the image in it.

    Browsers send a file and the image: the file keeps its name and its content. What the files hold is for
    `add_images` to look at, off the GUI thread.

    Raises:
        EngineError: there is nothing in it that could be an image.
    """
    paths = [path for path in dropped_paths(data) if path.exists()]
    if paths:
        return list(paths)
    image = dropped_image(data)
    if image is not None:
        return [pixels(image)]
    for name in _image_formats(data):
        content = data.data(name).data()
        if content:
            return [content]
    raise _nothing(data)


def _image_formats(data: QMimeData) -> list[str]:
    return [name for name in data.formats() if name.startswith("image/") and not name.startswith(_DRAWINGS)]


def _nothing(data: QMimeData) -> EngineError:
    def tr(text: str) -> str:
        return QCoreApplication.translate("Incoming", text)

    what = tr("There is no image in it.")
    if dropped_paths(data):
        return EngineError(what, why=tr("The file is not there any more."), fix=tr("Copy it again."))
    if data.hasUrls():
        return EngineError(
            what,
            why=tr("It is an address on the web; nothing is downloaded."),
            fix=tr("Copy the image itself in the browser, or save it and drop the file."),
        )
    if data.hasText():
        return EngineError(what, why=tr("It is text."), fix=tr("Copy an image, or files in your file manager."))
    return EngineError(
        tr("There is nothing to paste."),
        why=tr("Nothing has been copied, or nothing that is an image."),
        fix=tr("Copy an image, or files in your file manager."),
    )
