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
    box.setWindowTitle(_tr("The training has not ended"))
    box.setText(_tr("Stop the training?"))
    box.setInformativeText(
        _tr("All finished epochs are kept, and you can resume it later. The unfinished epoch will be done again.")
    )
    return _answer(box, _tr("Stop training"), _tr("Keep the project open"), ended) != "no"


def ask_about_discarding(parent: QWidget, ended: SignalInstance) -> bool:
    """A run that took long is to be lost. Returns: whether to do that; no, where it has ended meanwhile.

    Args:
        ended: emitted when the training comes to its end by itself; the question is then closed.
    """
    box = QMessageBox(parent)
    box.setObjectName("question.discard")
    box.setWindowTitle(_tr("Stop and discard"))
    box.setText(_tr("Discard this run for good?"))
    box.setInformativeText(_tr("Its epochs and weights are removed and cannot be brought back."))
    return _answer(box, _tr("Discard"), _tr("Go on training"), ended) == "yes"


def _answer(box: QMessageBox, yes: str, no: str, ended: SignalInstance) -> str:
    """Ask. Returns: "yes"; "over", where the training came to its end meanwhile; "no" however else it was closed."""
    box.setIcon(QMessageBox.Icon.Question)
    go = box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
    stay = box.addButton(no, QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(stay)
    box.setEscapeButton(stay)
    over: list[bool] = []

    def close() -> None:
        over.append(True)
        box.accept()

    ended.connect(close)
    try:
        box.exec()
        return "over" if over else "yes" if box.clickedButton() is go else "no"
    finally:
        ended.disconnect(close)
        box.deleteLater()
