"""The picture of the network as a file: SVG to scale and to edit, PNG to paste."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgGenerator

from engine.files import save_for_user
from gui.canvas.scene import NetworkScene
from gui.theme import theme

PNG_SCALE = 2.0
LARGEST_SIDE = 16_000  # px; Qt cannot paint on images beyond 32 767


def save_picture(scene: NetworkScene, path: Path, title: str = "") -> None:
    """Write the drawing as it stands, without marks and selection; ".png" makes a PNG, everything else an SVG.

    Raises: EngineError, where the file cannot be written.
    """
    content = png_bytes(scene) if path.suffix.lower() == ".png" else svg_bytes(scene, title)
    save_for_user(path, content)


def svg_bytes(scene: NetworkScene, title: str = "") -> bytes:
    """The drawing as an SVG document."""
    area, content, buffer = _area(scene), QByteArray(), QBuffer()
    buffer.setBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setTitle(title)
    generator.setResolution(96)
    generator.setSize(QSize(round(area.width()), round(area.height())))
    generator.setViewBox(QRectF(0, 0, area.width(), area.height()))
    _paint(scene, generator, area)
    return bytes(content.data())


def png_bytes(scene: NetworkScene, scale: float = PNG_SCALE) -> bytes:
    """The drawing as a PNG image, `scale` times its drawn size; smaller where that would be too large for an image."""
    area = _area(scene)
    scale = min(scale, LARGEST_SIDE / max(area.width(), area.height()))
    image = QImage(round(area.width() * scale), round(area.height() * scale), QImage.Format.Format_RGB32)
    image.fill(theme().color("window"))
    _paint(scene, image, area)
    content, buffer = QByteArray(), QBuffer()
    buffer.setBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(content.data())


def _area(scene: NetworkScene) -> QRectF:
    """All cards and links, with a margin."""
    area = QRectF()
    for card in scene.cards.values():
        area |= card.frame().translated(card.pos())
    for item in scene.links():
        area |= item.sceneBoundingRect()
    side = theme().px(16)
    return (area or QRectF(0, 0, 1, 1)).adjusted(-side, -side, side, side)


def _paint(scene: NetworkScene, device: QSvgGenerator | QImage, area: QRectF) -> None:
    scene.glide.finish()
    chosen, link, found = scene.selection, scene.selected_link, scene.found()
    scene.select_many([])
    scene.mark_search([])
    for mark in (scene.plus, scene.marker, scene.rubber):
        mark.setVisible(False)
    painter = QPainter(device)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if isinstance(device, QImage):
        target = QRectF(device.rect())
    else:
        target = QRectF(0, 0, area.width(), area.height())
        painter.fillRect(target, theme().color("window"))
    scene.render(painter, target, area, Qt.AspectRatioMode.KeepAspectRatio)
    painter.end()
    scene.mark_search(found)
    scene.select_many(chosen)
    scene.select_link(link)
