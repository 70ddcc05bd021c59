"""Every widget and every styled Qt control on one page, to look at: `python tests/gui/gallery.py FOLDER`."""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QListWidget,
    QMenu,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QSlider,
    QTabBar,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from gui.theme import icon, icon_names, theme
from gui.widgets.bars import ClassBar, Part, ProbabilityBar, Sparkline, SplitBar
from gui.widgets.busy import BusyRow
from gui.widgets.chip import Chip
from gui.widgets.drop_well import DropWell
from gui.widgets.elided import ElidedLabel
from gui.widgets.empty import EmptyState, IconView
from gui.widgets.fields import ComboBox, DoubleSpinBox, SpinBox
from gui.widgets.flow_layout import FlowLayout
from gui.widgets.fold import Fold
from gui.widgets.notice import ErrorBar
from gui.widgets.panel import Panel, dim_label, separator, text_label
from gui.widgets.rail import Rail
from gui.widgets.segmented import Segmented

PLACES = ("home", "data", "network", "train", "evaluate", "understand", "predict", "share")


def build_gallery() -> QWidget:
    """Return the page."""
    page = QWidget()
    page.setObjectName("gallery")
    outer = QHBoxLayout(page)
    outer.setContentsMargins(0, 0, 0, 0)
    rail = Rail()
    for place in PLACES:
        rail.add_place(place, place.capitalize(), place)
    rail.add_place("lab", "Lab", "lab", bottom=True)
    rail.set_current("train")
    outer.addWidget(rail)
    column = QVBoxLayout()
    column.setContentsMargins(0, 12, 12, 12)
    outer.addLayout(column, 1)
    column.addLayout(_chips())
    bar = ErrorBar()
    bar.show_error(
        "3 of 143 files cannot be read.",
        "They are damaged: <b>IMG_2501.jpg</b> ends in the middle of the picture.",
        "Replace them or leave them out; training goes on without them.",
        [("Show them", page.update), ("Leave out", page.update)],
    )
    column.addWidget(bar)
    thirds = QHBoxLayout()
    for panel in (_controls(), _numbers(), _views()):
        thirds.addWidget(panel, 1)
    column.addLayout(thirds, 1)
    return page


def _chips() -> QHBoxLayout:
    row = QHBoxLayout()
    row.addWidget(Chip("", "Muffin or chihuahua", menu=True))
    row.addWidget(Chip("Data set", "2 classes · 2 412 images", clickable=True))
    row.addWidget(Chip("Device", "GPU 0 · 3.1 / 12 GB"))
    row.addStretch(1)
    for name in ("undo", "redo"):
        button = QToolButton()
        button.setIcon(icon(name))
        button.setProperty("raised", True)
        row.addWidget(button)
    for text, name, flags in (("Train", "play", {"primary": True}), ("Stop", "stop", {})):
        button = QPushButton(text)
        token = "on_accent" if flags else "text"
        button.setIcon(icon(name, color=token, active=token))
        for key, value in flags.items():
            button.setProperty(key, value)
        row.addWidget(button)
    return row


def _controls() -> Panel:
    panel = Panel("Recipe", extra=dim_label("simple"))
    form = QFormLayout()
    epochs = SpinBox()
    epochs.setRange(1, 30)
    epochs.setValue(30)
    rate = DoubleSpinBox()
    rate.setDecimals(4)
    rate.setValue(0.001)
    optimizer = ComboBox()
    optimizer.addItems(["AdamW", "SGD"])
    name = QLineEdit()
    name.setPlaceholderText("conv_2")
    wrong = QLineEdit("twelve")
    wrong.setProperty("invalid", True)
    off = QLineEdit("disabled")
    off.setEnabled(False)
    fields = {"Epochs": epochs, "Learning rate": rate, "Optimizer": optimizer, "Name": name, "Wrong": wrong, "Off": off}
    for label, field in fields.items():
        form.addRow(text_label(label, dim=True), field)
    panel.body.addLayout(form)
    checked, tri = QCheckBox("Mirror"), QCheckBox("Rotate")
    checked.setChecked(True)
    tri.setTristate(True)
    tri.setCheckState(Qt.CheckState.PartiallyChecked)
    radio = QRadioButton("auto")
    radio.setChecked(True)
    line = QHBoxLayout()
    for box in (checked, QCheckBox("Zoom"), tri, radio):
        line.addWidget(box)
    panel.body.addLayout(line)
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setValue(38)
    panel.body.addWidget(slider)
    panel.body.addLayout(_buttons())
    fold = Fold("Cross validation, search", opened=True)
    fold.body.addWidget(text_label("What it does: slides small learnt filters over the image.", wrap=True, dim=True))
    panel.body.addWidget(fold)
    panel.body.addWidget(Fold("More"))
    panel.body.addWidget(separator())
    well = DropWell("Drop a folder here", "one sub-folder per class, or a CSV", prominent=True)
    well.add_button("Choose folder…", primary=True, icon_name="folder")
    well.add_button("Open project…")
    panel.body.addWidget(well)
    panel.body.addStretch(1)
    return panel


def _buttons() -> QVBoxLayout:
    rows = QVBoxLayout()
    kinds = [("Default", {}), ("Primary", {"primary": True}), ("Delete", {"destructive": True})]
    more = [("Quiet", {"quiet": True}), ("link", {"link": True})]
    for line in (kinds, more):
        row = QHBoxLayout()
        for text, flags in line:
            for enabled in (True, False):
                button = QPushButton(text)
                button.setEnabled(enabled)
                for key, value in flags.items():
                    button.setProperty(key, value)
                row.addWidget(button)
        row.addStretch(1)
        rows.addLayout(row)
    return rows


def _numbers() -> Panel:
    panel = Panel("Live predictions")
    choice = Segmented()
    for key in ("Watched", "Worst", "All"):
        choice.add(key.lower(), key)
    panel.add_beside_title(choice)
    panel.add_extra(dim_label("0.3 s ago"))
    split = SplitBar()
    split.set_parts([Part("train", 70, "train"), Part("validation", 15, "validation"), Part("test", 15, "good")])
    panel.body.addWidget(split)
    for name, counts in (("muffin", (888, 190, 190)), ("chihuahua", (700, 140, 100))):
        row = QHBoxLayout()
        row.addWidget(text_label(name, strong=True))
        row.addStretch(1)
        row.addWidget(dim_label(str(sum(counts))))
        bar = ClassBar()
        tokens = zip(("train", "validation", "test"), counts, ("train", "validation", "good"), strict=True)
        bar.set_parts([Part(*part) for part in tokens], total=1268)
        panel.body.addLayout(row)
        panel.body.addWidget(bar)
    bars = [
        ProbabilityBar("chihuahua", 0.987),
        ProbabilityBar("muffin", 0.0131, token="faint"),
        ProbabilityBar("a very long class name that goes on", 0.99999),
    ]
    for bar in bars:
        bar.set_label_width(max(each.label_width_hint() for each in bars[:2]))
        panel.body.addWidget(bar)
    spark = Sparkline()
    spark.set_values([1 - math.exp(-i / 4) for i in range(20)], total=30)
    spark.set_marker(12)
    panel.body.addWidget(spark)
    busy = BusyRow()
    busy.start("Reading pictures: 1 840 of 2 412")
    busy.set_progress(1840, 2412)
    panel.body.addWidget(busy)
    progress = QProgressBar()
    progress.setValue(40)
    panel.body.addWidget(progress)
    for kind in ("warning", "info", "good"):
        notice = ErrorBar()
        notice.show_message(kind, f"A {kind}: overfitting from epoch 9.", "Training reached 97.8 %, validation 91 %.")
        panel.body.addWidget(notice)
    for tone in ("title", "figure"):
        panel.body.addWidget(text_label(f"{tone} 94.1 %", **{tone: True}))
    panel.body.addStretch(1)
    return panel


def _views() -> Panel:
    panel = Panel("Views")
    tabs = QTabBar()
    for text in ("Canvas", "Table", "PyTorch code"):
        tabs.addTab(text)
    panel.body.addWidget(tabs)
    table, model = QTableView(), QStandardItemModel(0, 3)
    model.setHorizontalHeaderLabels(["class", "precision", "images"])
    for row in (("chihuahua", "90.1 %", "198"), ("muffin", "89.3 %", "217")):
        model.appendRow([QStandardItem(cell) for cell in row])
    table.setModel(model)
    table.verticalHeader().hide()
    table.setShowGrid(False)
    table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
    table.selectRow(1)
    table.setMaximumHeight(theme().px(120))
    panel.body.addWidget(table)
    words = QListWidget()
    words.addItems([f"layer {i}" for i in range(12)])
    words.setCurrentRow(2)
    words.setMaximumHeight(theme().px(110))
    panel.body.addWidget(words)
    flow_area, flow = QWidget(), FlowLayout(spacing=6)
    flow_area.setLayout(flow)
    for name in icon_names():
        flow.addWidget(IconView(name, 20))
    panel.body.addWidget(flow_area)
    panel.body.addWidget(
        ElidedLabel("/home/someone/Pictures/a/very/long/path/to/IMG_2501_final_version.jpg", middle=True)
    )
    area = QScrollArea()
    area.setWidgetResizable(True)
    empty = EmptyState("image", "No pictures yet", "Drop a folder of images, or take one of the samples.")
    empty.add_button("Choose folder…", primary=True)
    empty.add_button("Samples")
    area.setWidget(empty)
    panel.body.addWidget(area, 1)
    menu = QMenu(panel)
    menu.addAction(icon("play"), "Start")
    menu.addSeparator()
    menu.addAction("Stop and discard").setEnabled(False)
    tick = menu.addAction("Follow the system")
    tick.setCheckable(True)
    tick.setChecked(True)
    panel.body.addWidget(_framed(menu))
    return panel


def _framed(menu: QMenu) -> QLabel:
    """Return a picture of a menu, which otherwise shows only as a window of its own."""
    label = QLabel()
    menu.ensurePolished()
    menu.adjustSize()
    label.setPixmap(menu.grab())
    return label


def main(folder: Path) -> None:
    """Save the page in both looks, at normal and at 150 % text."""
    app = QApplication.instance() or QApplication([])
    theme().apply(app)
    for mode in ("dark", "light"):
        for scale in (1.0, 1.5):
            theme().set_mode(mode)
            theme().set_scale(scale)
            page = build_gallery()
            page.resize(1440, 980) if scale == 1.0 else page.resize(1900, 1350)
            page.show()
            app.processEvents()
            page.grab().save(str(folder / f"gallery-{mode}-{round(scale * 100)}.png"))
            page.close()
            page.setParent(None)
            page.deleteLater()
            app.sendPostedEvents(page, QEvent.Type.DeferredDelete)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
