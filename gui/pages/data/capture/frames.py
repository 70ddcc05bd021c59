"""Where the images of a camera come from: what the window asks of a source, whatever is behind it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal


@dataclass(frozen=True)
class Camera:
    """One camera of this computer."""

    id: str  # stable as long as it stays plugged in; empty for "whichever there is"
    name: str  # as the system calls it


class FrameSource(QObject):
    """Sends the images of one camera at a time, in the GUI thread.

    Signals:
        frame_arrived(QImage): one image, not mirrored.
        problem_found(EngineError): there will be no images, and why; the source has stopped.
        cameras_changed(): one was plugged in or pulled out.
    """

    frame_arrived = Signal(object)
    problem_found = Signal(object)
    cameras_changed = Signal()

    def cameras(self) -> list[Camera]:
        """Those that could be started, the system's own choice first."""
        raise NotImplementedError

    def start(self, camera_id: str = "") -> None:
        """Send images of this camera (one that is not there: of the first) until `stop`; what ran before stops."""
        raise NotImplementedError

    def stop(self) -> None:
        """Let the camera go; does nothing while none runs."""
        raise NotImplementedError
