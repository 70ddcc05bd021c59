"""The rules of the style sheet; `$names` are tokens and measures that `build_style` fills in."""

_LABELS = """
QWidget { outline: none; }
QLabel { background: transparent; }
QLabel[heading="true"] { color: $dim; font-size: $body_px; font-weight: 600; }
QLabel[dim="true"] { color: $dim; }
QLabel[strong="true"] { font-weight: 600; }
QLabel[small="true"] { font-size: $small_px; }
QLabel[title="true"] { font-size: $title_px; font-weight: 600; }
QLabel[figure="true"] { font-size: $figure_px; font-weight: 700; }
QLabel[display="true"] { font-size: $display_px; font-weight: 700; }
QLabel[tone="good"] { color: $good; }
QLabel[tone="bad"] { color: $bad; }
QLabel[tone="train"] { color: $train; }
QLabel[tone="validation"] { color: $validation; }
QLabel[tone="accent"] { color: $validation; }
QLabel:disabled { color: $faint; }
"""

_FRAMES = """
QFrame[panel="true"] { background: $panel; border: 1px solid $line; border-radius: ${radius}px; }
QFrame[card="true"] { background: $raised; border: 1px solid $line; border-radius: ${radius}px; }
QFrame[bar="top"] { background: $panel; border: none; border-bottom: 1px solid $line; }
QFrame[bar="bottom"] { background: $panel; border: none; border-top: 1px solid $line; }
QFrame[bar="left"] { background: $panel; border: none; border-right: 1px solid $line; }
QFrame[bar="right"] { background: $panel; border: none; border-left: 1px solid $line; }
QFrame[separator="true"] { background: $line; border: none; max-height: 1px; min-height: 1px; }
QFrame[notice="error"] { background: $panel; border: 1px solid $bad; border-radius: ${radius}px; }
QFrame[notice="warning"] { background: $panel; border: 1px solid $validation; border-radius: ${radius}px; }
QFrame[notice="info"] { background: $panel; border: 1px solid $train; border-radius: ${radius}px; }
QFrame[notice="good"] { background: $panel; border: 1px solid $good; border-radius: ${radius}px; }
QScrollArea { background: transparent; border: none; }
QScrollArea > QWidget#qt_scrollarea_viewport { background: transparent; }
QScrollArea > QWidget#qt_scrollarea_viewport > QWidget { background: transparent; }
QScrollArea > QWidget#qt_scrollarea_viewport > QFrame[panel="true"] { background: $panel; }
QGraphicsView { background: $window; border: none; }
QSplitter::handle { background: transparent; }
QSplitter::handle:hover, QSplitter::handle:pressed { background: $line; }
QSplitter::handle:horizontal { width: ${space_large}px; }
QSplitter::handle:vertical { height: ${space_large}px; }
QGroupBox { border: 1px solid $line; border-radius: ${radius}px; margin-top: 1.2em; padding: ${space}px; }
QGroupBox::title { subcontrol-origin: margin; left: ${space_large}px; color: $dim; }
QStatusBar { background: $panel; color: $dim; border-top: 1px solid $line; }
"""

_BUTTONS = """
QPushButton {
    background: $raised; color: $text; border: 1px solid $line; border-radius: ${radius}px;
    padding: 6px 14px; font-weight: 600; icon-size: $icon;
}
QPushButton:hover { background: $hover; }
QPushButton:pressed { background: $selection; }
QPushButton:checked { background: $selection; }
QPushButton:focus { border: 2px solid $accent; padding: 5px 13px; }
QPushButton:disabled { color: $faint; }
QPushButton::menu-indicator {
    image: $image_down; width: $arrow; height: $arrow;
    subcontrol-origin: padding; subcontrol-position: right center; right: 6px;
}
QFrame[bar="note"] { background: $raised; border: 1px solid $line; border-radius: ${radius}px; }
QPushButton[primary="true"] { background: $accent; color: $on_accent; border: 1px solid $accent; }
QPushButton[primary="true"]::menu-indicator { image: $image_down_primary; }
QPushButton[primary="true"]:hover { background: $accent_hover; border-color: $accent_hover; }
QPushButton[primary="true"]:pressed { background: $accent; }
QPushButton[primary="true"]:focus { border: 2px solid $text; }
QPushButton[primary="true"]:disabled { background: $raised; color: $faint; border: 1px solid $line; }
QPushButton[destructive="true"] { color: $bad; }
QPushButton[destructive="true"]:hover { border-color: $bad; }
QPushButton[destructive="true"]:focus { border: 2px solid $bad; }
QPushButton[destructive="true"]:disabled { color: $faint; border-color: $line; }
QPushButton[quiet="true"], QPushButton:flat {
    background: transparent; border: 1px solid transparent; color: $dim; font-weight: normal; padding: 4px 8px;
}
QPushButton[quiet="true"]:hover, QPushButton:flat:hover { background: $hover; color: $text; }
QPushButton[quiet="true"]:checked { background: $selection; color: $text; border-color: $accent; }
QPushButton[quiet="true"]:focus, QPushButton:flat:focus { border: 2px solid $accent; padding: 3px 7px; }
QPushButton[quiet="true"]:disabled { color: $faint; }
QPushButton[link="true"] {
    background: transparent; border: 1px solid transparent; border-radius: 4px; color: $dim; font-weight: normal;
    text-decoration: underline; padding: 1px 3px;
}
QPushButton[link="true"]:hover { color: $text; }
QPushButton[link="true"]:disabled { color: $faint; text-decoration: none; }
QPushButton[link="true"]:focus { border: 1px solid $accent; padding: 1px 3px; }
QPushButton[segment="true"] { border-radius: 0; border-left-width: 0; padding: 4px 11px; color: $dim; }
QPushButton[segment="true"][edge="left"] {
    border-left-width: 1px; border-top-left-radius: ${radius}px; border-bottom-left-radius: ${radius}px;
}
QPushButton[segment="true"][edge="right"] {
    border-top-right-radius: ${radius}px; border-bottom-right-radius: ${radius}px;
}
QPushButton[segment="true"][edge="both"] { border-left-width: 1px; border-radius: ${radius}px; }
QPushButton[segment="true"]:hover { background: $hover; color: $text; }
QPushButton[segment="true"]:checked { background: $selection; color: $text; }
QPushButton[segment="true"]:disabled { color: $faint; }
QPushButton[segment="true"]:focus { border: 1px solid $accent; padding: 4px 11px; }
QPushButton[segment="true"][edge="middle"]:focus, QPushButton[segment="true"][edge="right"]:focus {
    padding-left: 10px;
}
QToolButton {
    background: transparent; color: $dim; border: 1px solid transparent; border-radius: ${radius}px; padding: 4px;
    icon-size: $icon;
}
QToolButton:hover { background: $hover; color: $text; }
QToolButton:pressed, QToolButton:checked { background: $selection; color: $text; }
QToolButton:focus { border: 1px solid $accent; }
QToolButton:disabled { color: $faint; }
QToolButton::menu-indicator { image: none; }
QToolButton[primary="true"] { background: $accent; color: $on_accent; }
QToolButton[raised="true"] { background: $raised; border: 1px solid $line; padding: 6px 10px; }
QToolButton[raised="true"]:hover { background: $hover; }
QToolButton[raised="true"]:focus { border: 1px solid $accent; }
QToolButton[fold="true"] { color: $dim; font-weight: 600; padding: 3px 4px 3px 0; text-align: left; }
QToolButton[fold="true"]:hover, QToolButton[fold="true"]:checked { background: transparent; color: $text; }
QToolButton[fold="true"]:focus { border: 1px solid $accent; }
QToolButton[rail="true"] {
    border: none; border-left: 3px solid transparent; border-radius: 0; color: $dim; font-size: $tiny_px;
    padding: 10px 8px 8px 5px;
}
QToolButton[rail="true"][density="tight"] { padding: 4px 6px 3px 3px; }
QToolButton[rail="true"]:hover { background: $hover; color: $text; }
QToolButton[rail="true"]:checked { background: $selection; color: $text; border-left: 3px solid $accent; }
QToolButton[rail="true"]:focus { background: $hover; color: $text; border: 1px solid $accent; border-left-width: 3px; }
QToolButton[rail="true"]:checked:focus { background: $selection; }
"""

_FIELDS = """
QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox, QPlainTextEdit, QTextEdit, QTextBrowser, QDateEdit, QKeySequenceEdit {
    background: $raised; color: $text; border: 1px solid $line; border-radius: ${radius}px; padding: 4px 8px;
    selection-background-color: $accent; selection-color: $on_accent;
}
QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox { min-height: $field; }
QLineEdit:hover, QSpinBox:hover, QDoubleSpinBox:hover, QComboBox:hover { background: $hover; }
QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus, QComboBox:on, QPlainTextEdit:focus,
QTextEdit:focus, QTextBrowser:focus { border: 1px solid $accent; }
QLineEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QComboBox:disabled {
    color: $faint; background: $panel;
}
QLineEdit:read-only { background: $panel; }
*[invalid="true"] { border: 1px solid $bad; }
QAbstractSpinBox QLineEdit, QComboBox QLineEdit {
    background: transparent; border: none; padding: 0; min-height: 0;
}
QSpinBox::up-button, QDoubleSpinBox::up-button {
    subcontrol-origin: border; subcontrol-position: top right; width: 20px; border: none; margin: 2px 2px 0 0;
    border-top-right-radius: 6px;
}
QSpinBox::down-button, QDoubleSpinBox::down-button {
    subcontrol-origin: border; subcontrol-position: bottom right; width: 20px; border: none; margin: 0 2px 2px 0;
    border-bottom-right-radius: 6px;
}
QSpinBox::up-button:hover, QDoubleSpinBox::up-button:hover, QSpinBox::down-button:hover,
QDoubleSpinBox::down-button:hover { background: $selection; }
QSpinBox::up-arrow, QDoubleSpinBox::up-arrow { image: $image_up; width: 10px; height: 10px; }
QSpinBox::down-arrow, QDoubleSpinBox::down-arrow { image: $image_down; width: 10px; height: 10px; }
QSpinBox::up-arrow:disabled, QDoubleSpinBox::up-arrow:disabled, QSpinBox::up-arrow:off, QDoubleSpinBox::up-arrow:off {
    image: $image_up_faint;
}
QSpinBox::down-arrow:disabled, QDoubleSpinBox::down-arrow:disabled, QSpinBox::down-arrow:off,
QDoubleSpinBox::down-arrow:off { image: $image_down_faint; }
QComboBox { combobox-popup: 0; padding: 4px 0 4px 10px; }
QComboBox::drop-down { border: none; width: 24px; subcontrol-origin: padding; subcontrol-position: right center; }
QComboBox::down-arrow { image: $image_down; width: $arrow; height: $arrow; }
QComboBox::down-arrow:disabled { image: $image_down_faint; }
QComboBox QAbstractItemView {
    background: $raised; color: $text; border: 1px solid $line; border-radius: 0; padding: 4px;
    selection-background-color: $selection; selection-color: $text;
}
QComboBox QAbstractItemView:focus { border: 1px solid $line; }
QComboBox QAbstractItemView::item { padding: 4px 6px; border-radius: 4px; }
"""

_CHOICES = """
QCheckBox, QRadioButton { background: transparent; spacing: ${space}px; padding: 2px; border: 1px solid transparent; }
QCheckBox:focus, QRadioButton:focus { border: 1px solid $accent; border-radius: 4px; }
QCheckBox:disabled, QRadioButton:disabled { color: $faint; }
QCheckBox::indicator, QRadioButton::indicator, QAbstractItemView::indicator {
    width: $indicator; height: $indicator; border: 1px solid $dim; background: $raised;
}
QCheckBox::indicator, QAbstractItemView::indicator { border-radius: 4px; }
QRadioButton::indicator { border-radius: $indicator_radius; }
QCheckBox::indicator:hover, QRadioButton::indicator:hover { border-color: $text; }
QCheckBox::indicator:checked, QAbstractItemView::indicator:checked {
    background: $accent; border-color: $accent; image: $image_check;
}
QCheckBox::indicator:indeterminate { background: $accent; border-color: $accent; image: $image_dash; }
QRadioButton::indicator:checked {
    width: $indicator_inner; height: $indicator_inner; background: $on_accent; border: 4px solid $accent;
}
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled { border-color: $line; background: $panel; }
QCheckBox::indicator:checked:disabled { background: $faint; border-color: $faint; }
QSlider { background: transparent; border: 1px solid transparent; border-radius: 4px; }
QSlider:horizontal { min-height: $slider; }
QSlider:vertical { min-width: $slider; }
QSlider:focus { border: 1px solid $accent; }
QSlider::groove:horizontal { height: 4px; border-radius: 2px; background: $line; }
QSlider::groove:vertical { width: 4px; border-radius: 2px; background: $line; }
QSlider::sub-page:horizontal, QSlider::add-page:vertical { background: $accent; border-radius: 2px; }
QSlider::sub-page:disabled, QSlider::add-page:vertical:disabled { background: $faint; }
QSlider::handle { background: $accent; border-radius: $handle_radius; width: $handle; height: $handle; }
QSlider::handle:horizontal { margin: $handle_out 0; }
QSlider::handle:vertical { margin: 0 $handle_out; }
QSlider::handle:hover { background: $accent_hover; }
QSlider::handle:disabled { background: $faint; }
QProgressBar {
    background: $raised; color: $text; border: 1px solid $line; border-radius: 4px; text-align: center; padding: 1px;
}
QProgressBar::chunk { background: $train; border-radius: 2px; }
QProgressBar[textVisible="false"] {
    background: $line; border: none; padding: 0; border-radius: 3px; min-height: $thin_bar; max-height: $thin_bar;
}
QProgressBar[textVisible="false"]::chunk { border-radius: 3px; }
QProgressBar[tone="good"]::chunk { background: $good; }
QProgressBar[tone="accent"]::chunk { background: $accent; }
QProgressBar:disabled { color: $faint; }
QProgressBar::chunk:disabled { background: $faint; }
"""

_VIEWS = """
QScrollBar { background: transparent; border: none; margin: 0; }
QScrollBar:vertical { width: $scroll; }
QScrollBar:horizontal { height: $scroll; }
QScrollBar::handle { background: $line; border-radius: 3px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 28px; }
QScrollBar::handle:horizontal { min-width: 28px; }
QScrollBar::handle:hover, QScrollBar::handle:pressed { background: $faint; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; border: none; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QAbstractScrollArea::corner { background: transparent; border: none; }
QListView, QTreeView, QTableView {
    background: transparent; color: $text; border: 1px solid transparent; border-radius: 4px; gridline-color: $line;
    alternate-background-color: $raised; selection-background-color: $selection; selection-color: $text;
}
QListView { qproperty-resizeMode: Adjust; } /* else Qt 6.11 keeps the row places of before the style sheet */
QListView:focus, QTreeView:focus, QTableView:focus { border: 1px solid $accent; }
QListView::item, QTreeView::item { min-height: $row; padding: 3px 8px; border-radius: 6px; }
QTableView::item { padding: 4px 8px; }
QListView::item:hover, QTreeView::item:hover { background: $hover; }
QListView::item:selected, QTreeView::item:selected, QTableView::item:selected { background: $selection; color: $text; }
QHeaderView { background: transparent; border: none; qproperty-defaultAlignment: 'AlignLeft | AlignVCenter'; }
QHeaderView::section {
    background: transparent; color: $dim; border: none; border-bottom: 1px solid $line; padding: 4px 8px;
    font-weight: normal;
}
QHeaderView::section:hover { color: $text; }
QHeaderView::down-arrow { image: $image_down; width: $arrow; height: $arrow; }
QHeaderView::up-arrow { image: $image_up; width: $arrow; height: $arrow; }
QTableCornerButton::section { background: transparent; border: none; }
QTreeView::branch { background: transparent; }
QTreeView::branch:has-children:closed { image: $image_right; }
QTreeView::branch:has-children:open { image: $image_down; }
"""

_WINDOWS = """
QMainWindow, QDialog, QMessageBox { background: $window; color: $text; }
QMessageBox QLabel#qt_msgbox_label, QMessageBox QLabel#qt_msgbox_informativelabel { min-width: 24em; }
QMenuBar { background: $panel; color: $text; border-bottom: 1px solid $line; }
QMenuBar::item { padding: 5px 10px; background: transparent; }
QMenuBar::item:selected { background: $selection; }
QMenu { background: $raised; color: $text; border: 1px solid $line; padding: 4px; }
QMenu::item { padding: 6px 24px 6px 10px; border-radius: 4px; }
QMenu::item:selected { background: $selection; }
QMenu::item:disabled { color: $faint; }
QMenu::icon { padding-left: 8px; }
QMenu::separator { height: 1px; background: $line; margin: 4px 6px; }
QMenu::indicator { width: $arrow; height: $arrow; padding-left: 8px; }
QMenu::indicator:checked { image: $image_menu_check; }
QMenu::right-arrow { image: $image_right; width: $arrow; height: $arrow; }
QToolTip { background: $raised; color: $text; border: 1px solid $line; padding: 6px 8px; }
QTabWidget::pane { border: 1px solid $line; border-radius: ${radius}px; top: -1px; }
QTabBar { background: transparent; }
QTabBar::tab {
    background: transparent; color: $dim; padding: 6px 12px; border: 1px solid transparent;
    border-bottom: 2px solid transparent;
}
QTabBar::tab:hover { color: $text; }
QTabBar::tab:selected { color: $text; border-bottom: 2px solid $accent; }
QTabBar::tab:focus { border: 1px solid $accent; }
"""

RULES = _LABELS + _FRAMES + _BUTTONS + _FIELDS + _CHOICES + _VIEWS + _WINDOWS
