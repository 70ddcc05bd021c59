"""From the engine's pictures to Qt's."""

from __future__ import annotations

import numpy as np
from PIL import Image
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QImage, QPainter


def qimage(picture: Image.Image | np.ndarray) -> QImage:
    """Copy a picture (mode L or RGB), or a uint8 array (H, W), (H, W, 1) or (H, W, 3), into a QImage.

    Raises: ValueError for any other array.
    """
    pixels = np.ascontiguousarray(picture)
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[..., 0]
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] != 3):
        raise ValueError(f"a picture cannot be {pixels.dtype} of shape {pixels.shape}")
    height, width = pixels.shape[:2]
    form = QImage.Format.Format_Grayscale8 if pixels.ndim == 2 else QImage.Format.Format_RGB888
    # The copy owns its memory; the array may go.
    return QImage(pixels.data, width, height, pixels.strides[0], form).copy()


def pixels(image: QImage) -> np.ndarray:
    """Copy a QImage into a (H, W, 3) uint8 array; transparency is laid on white. Safe to call from any thread."""
    if image.hasAlphaChannel():
        ground = QImage(image.size(), QImage.Format.Format_RGB32)
        ground.fill(0xFFFFFFFF)
        with QPainter(ground) as painter:
            painter.drawImage(QRect(QPoint(0, 0), ground.size()), image)
        image = ground
    plain = image.convertToFormat(QImage.Format.Format_RGB888)
    lines = np.frombuffer(plain.constBits(), np.uint8).reshape(plain.height(), plain.bytesPerLine())
    return lines[:, : plain.width() * 3].reshape(plain.height(), plain.width(), 3).copy()
