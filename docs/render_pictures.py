"""Render the pictures of the README from the real window, with the samples that come with Atelier.

    QT_QPA_PLATFORM=offscreen python docs/render_pictures.py [--out docs/pictures] [--all]

With `--all`, every place is rendered dark and light, large and small, for looking at; without it, one picture each.
Nothing of the user's own folders is read or written.
"""

import argparse
import io
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LARGE, SMALL = (1440, 900), (1024, 700)
SHOWN = {"home": "dark", "data": "light", "network": "dark", "train": "dark", "predict": "light"}
NETWORKS = {"resnet": "dark", "problem": "light"}
"""Drawings of the network's place, and the look in which the README has them."""

FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><include ignore_missing="yes">/etc/fonts/fonts.conf</include>
<match target="pattern"><test name="family"><string>{0}</string></test>
<edit name="family" mode="prepend" binding="strong"><string>Inter</string></edit></match></fontconfig>"""


def own_folders(base: Path) -> None:
    """Keep caches, settings and documents apart, and ask for the font of the drawings where it is installed."""
    for variable in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_DOCUMENTS_DIR"):
        folder = base / variable.lower()
        folder.mkdir()
        os.environ[variable] = str(folder)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    (base / "fonts.conf").write_text(FONTS.format("Sans Serif"))
    os.environ["FONTCONFIG_FILE"] = str(base / "fonts.conf")


class Photographer:
    """Drives the window and keeps what it looks like."""

    def __init__(self, out: Path, everything: bool):
        from engine.train.device import machine
        from gui.app import create_app

        self._out, self.everything = out, everything
        self.app, self.window = create_app([])
        self.studio = self.window.studio
        self.window.show_machine(machine())
        self.window.resize(*LARGE)
        self.window.show()

    def wait(self, condition: Callable[[], object], seconds: float = 300) -> None:
        """Let the window work until `condition` holds."""
        from PySide6.QtCore import QEventLoop, QTimer

        end, loop, timer = time.monotonic() + seconds, QEventLoop(), QTimer(interval=20)
        timer.timeout.connect(lambda: (condition() or time.monotonic() > end) and loop.quit())
        timer.start()
        loop.exec()
        if not condition():
            raise SystemExit("the window did not get there in time")

    def settle(self, seconds: float = 0.8) -> None:
        """Let thumbnails and repaints arrive."""
        end = time.monotonic() + seconds
        self.wait(lambda: time.monotonic() > end, seconds + 60)

    def keep(self, place: str, name: str = "", look: str = "") -> None:
        """Save what a place looks like; `look` is "dark" or "light" where it is not that of the place."""
        from gui.theme import theme

        self.window.go_to(place)
        looks = (
            [(look or SHOWN[place], LARGE)]
            if not self.everything
            else [(m, s) for m in ("dark", "light") for s in (LARGE, SMALL)]
        )
        for mode, size in looks:
            theme().set_mode(mode)
            self.window.resize(*size)
            self.settle()
            suffix = f"-{mode}-{size[0]}" if self.everything else ""
            save(self.window, self._out / f"{name or place}{suffix}.png")


def save(window: object, path: Path) -> None:
    """Save a window's picture with 256 colours: a third of the bytes, and no eye sees it."""
    from PIL import Image
    from PySide6.QtCore import QBuffer, QIODevice

    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    window.grab().save(buffer, "PNG")
    picture = Image.open(io.BytesIO(bytes(buffer.data()))).convert("RGB")
    picture.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path} {path.stat().st_size // 1024} kB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--epochs", type=int, default=20)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as base:
        own_folders(Path(base))
        sys.path.insert(0, str(ROOT))
        take_pictures(Photographer(options.out, options.all), options.epochs, options.all)


def take_pictures(camera: Photographer, epochs: int, everything: bool) -> None:
    """From the first start to a prediction."""
    studio = camera.studio
    if everything:
        camera.settle(2)
        for place in SHOWN:
            camera.keep(place, f"{place}-empty")
    studio.start_from_sample("digits")
    camera.wait(lambda: studio.data.state == "ready")
    train(camera, 8)
    studio.start_from_sample("drawn")
    camera.wait(lambda: studio.data.state == "ready")
    camera.settle(2)
    camera.wait(lambda: studio.health.known and studio.health.known.shortcuts is not None)
    camera.keep("data")
    keep_troubles(camera)
    select_a_layer(camera)
    camera.keep("network")
    keep_networks(camera)
    camera.window.go_to("train")
    train(camera, epochs, halfway=lambda: camera.keep("train"))
    if everything:
        camera.keep("train", "train-done")
    index = studio.data.index
    tests = [index.path(int(number)) for number in index.where(2)]
    studio.prediction.predict(tests[::-18][:8])
    camera.wait(lambda: len(studio.prediction.results) == 8)
    camera.settle(2)
    camera.keep("predict")
    camera.settle(1)
    camera.keep("home")
    studio.close()


def train(camera: Photographer, epochs: int, halfway: Callable[[], None] | None = None) -> None:
    """Train the open project; `halfway` is called when two thirds are done."""
    studio = camera.studio
    studio.document.edit("Set epochs", recipe=replace(studio.document.recipe, epochs=epochs))
    studio.training.start()
    if halfway is not None:
        camera.wait(lambda: len(studio.training.epochs) >= max(1, epochs * 2 // 3), 900)
        camera.settle(0.4)
        halfway()
    camera.wait(lambda: studio.training.state == "idle", 900)
    studio.save()


def keep_networks(camera: Photographer) -> None:
    """LeNet, a small Inception, ResNet-18 folded and with a block opened, a problem with its repairs; then all is as it
    was."""
    from engine.edits.links import attach
    from engine.spec.network import chain
    from engine.templates import fitted

    document, page = camera.studio.document, camera.window.page("network")
    canvas, steps = page.canvas, document.undo_stack.index()
    for name, template in (("lenet", "lenet"), ("inception", "small-inception"), ("resnet-folded", "resnet18")):
        document.edit(name, network=fitted(template, document.facts))
        page.select("")
        canvas.fit() if name == "inception" else canvas.reset_zoom()
        if camera.everything:
            camera.keep("network", f"network-{name}")
    page.select("residual_3")
    canvas.set_opened(["residual_3"])
    camera.settle()
    canvas.set_zoom(0.75)
    page.select("residual_3")
    camera.keep("network", "network-resnet", NETWORKS["resnet"])
    canvas.set_opened([])
    layers = [("image", {}), ("conv2d", {}), ("relu", {}), ("conv2d", {"filters": 64}), ("batch_norm", {}), ("add", {})]
    drawn = chain([*layers, ("relu", {}), ("global_avg_pool", {}), ("classes", {})])
    document.edit("problem", network=attach(drawn, "relu_1", "add_1"))
    canvas.reset_zoom()
    page.select("add_1")
    camera.keep("network", "network-problem", NETWORKS["problem"])
    document.undo_stack.setIndex(steps)
    canvas.reset_zoom()


def keep_troubles(camera: Photographer) -> None:
    """The health check on a copy of the sample with some troubles planted, then the sample again."""
    from PIL import Image
    from PySide6.QtWidgets import QPushButton

    from engine.spec import Chosen

    studio, document = camera.studio, camera.studio.document
    before = document.data
    root = Path(tempfile.mkdtemp()) / "drawings"
    shutil.copytree(studio.data.index.root, root)
    chihuahuas, muffins = (sorted((root / name).glob("[!.]*")) for name in ("chihuahua", "muffin"))
    for place in (10, 40, 70, 100):
        Image.open(chihuahuas[place]).resize((100, 100)).save(root / "chihuahua" / f"again-{place}.jpg", quality=80)
    shutil.copy(muffins[5], root / "chihuahua" / "stray.png")
    (root / "muffin" / "broken.png").write_bytes(muffins[3].read_bytes()[:1500])
    document.edit("Drawings", data=replace(before, source=Chosen("folder", {"path": str(root)}), classes=()))
    camera.wait(lambda: studio.data.state == "ready" and studio.health.known.shortcuts is not None)
    camera.settle(2)
    camera.window.findChild(QPushButton, "data.health.near").click()
    camera.settle(2)
    camera.keep("data", "data-health", "dark")
    document.edit("The sample", data=before)
    camera.wait(lambda: studio.data.state == "ready")
    camera.settle(2)


def select_a_layer(camera: Photographer) -> None:
    """Show the inspector at work on the second convolution."""
    page = camera.window.page("network")
    page.select("conv2d_2")


if __name__ == "__main__":
    main()
