"""What deleting runs and experiments asks and says."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QHBoxLayout, QMessageBox, QPushButton, QWidget

from gui.widgets.elided import ElidedLabel


def wants_to_delete(studio: object, question: str, parent: QWidget) -> bool:
    """Ask before something is gone for good, where the project lies on a disk without trash."""

    def tr(text: str) -> str:
        return QCoreApplication.translate("Deleting", text)

    box = QMessageBox(parent)
    box.setObjectName("question.delete")
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle(tr("Delete runs"))
    box.setText(question)
    box.setInformativeText(tr("This disk has no trash, so it cannot be undone."))
    delete = box.addButton(tr("Delete"), QMessageBox.ButtonRole.DestructiveRole)
    cancel = box.addButton(tr("Cancel"), QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(cancel)
    box.setEscapeButton(cancel)
    studio.closing.connect(box.reject)
    box.exec()
    return box.clickedButton() is delete


class UndoRow(QWidget):
    """Says what was deleted, and takes it back."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text = ElidedLabel()
        self.text.setProperty("dim", True)
        self.undo = QPushButton(self.tr("Undo"))
        self.undo.setObjectName("train.runs.undo")
        self.undo.setAccessibleName(self.tr("Bring the deleted runs back"))
        self.undo.setProperty("link", True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.text, 1)
        row.addWidget(self.undo)
        self.hide()

    def show_deleted(self, numbers: tuple[int, ...], can_undo: bool, experiment: str = "") -> None:
        """Tell which runs were deleted, and the title of the experiment that was deleted with them."""
        if experiment:
            words = (
                self.tr("“{title}” and its runs are in the trash.") if can_undo else self.tr("“{title}” is deleted.")
            )
            self.text.setText(words.format(title=experiment))
        elif len(numbers) == 1:
            words = self.tr("Run {number} is in the trash.") if can_undo else self.tr("Run {number} is deleted.")
            self.text.setText(words.format(number=numbers[0]))
        else:
            words = self.tr("{count} runs are in the trash.") if can_undo else self.tr("{count} runs are deleted.")
            self.text.setText(words.format(count=len(numbers)))
        self.undo.setVisible(can_undo)
        self.show()
