"""The few questions that are asked in a dialog, because something would be lost without an answer."""

from PySide6.QtCore import QCoreApplication, SignalInstance
from PySide6.QtWidgets import QMessageBox, QWidget


def _tr(text: str) -> str:
    return QCoreApplication.translate("questions", text)


def ask_about_changes(parent: QWidget, name: str) -> str:
    """Unsaved changes are about to be left behind. Returns: "save", "discard" or "cancel"."""
    box = QMessageBox(parent)
    box.setObjectName("question.unsaved")
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle(_tr("Unsaved changes"))
    box.setText(_tr("Save the changes to “{0}”?").format(name))
    box.setInformativeText(_tr("Without saving, the project stays as it was when you last saved it. Runs are kept."))
    save = box.addButton(_tr("Save"), QMessageBox.ButtonRole.AcceptRole)
    discard = box.addButton(_tr("Don't save"), QMessageBox.ButtonRole.DestructiveRole)
    cancel = box.addButton(_tr("Cancel"), QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(save)
    box.setEscapeButton(cancel)
    box.exec()
    return {save: "save", discard: "discard"}.get(box.clickedButton(), "cancel")


def ask_about_training(parent: QWidget, ended: SignalInstance) -> bool:
    """A training is running and would end. Returns: whether to stop it (it can be resumed).

    Args:
        ended: emitted when the training comes to its end by itself; the question is then closed, and answered yes.
    """
    box = QMessageBox(parent)
    box.setObjectName("question.training")
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle(_tr("A training is running"))
    box.setText(_tr("Stop the training?"))
    box.setInformativeText(
        _tr("All finished epochs are kept, and you can resume it later. The unfinished epoch will be done again.")
    )
    box.addButton(_tr("Stop training"), QMessageBox.ButtonRole.AcceptRole)
    stay = box.addButton(_tr("Go on training"), QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(stay)
    box.setEscapeButton(stay)
    ended.connect(box.accept)
    box.exec()
    return box.clickedButton() is not stay
