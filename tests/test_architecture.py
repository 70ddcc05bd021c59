"""What may know what: the direction of imports, a window that is up before torch, and no file that can run code."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

ENGINE = (
    *(
        "errors",
        "registry",
        "params",
        "jobs",
        "files",
        "allocator",
        "transfer",
        "statistics",
        "spec",
        "layers",
        "compile",
        "edits",
        "templates",
        "importing",
    ),
    *("data", "tasks"),
    *("pretrained", "train", "evaluate", "explain", "export", "project", "cli"),
)
"""Each part of the engine may import what stands before it."""

GUI = (
    {"theme", "widgets"},
    {"plots", "pictures", "forms", "canvas"},
    {"document", "jobs"},
    {"studio"},
    {"pages"},
    {"run_bar", "questions", "crash", "about", "settings_dialog"},
    {"top_bar"},
    {"main_window"},
    {"app"},
)
"""Each part of the window may import the levels before it, and its neighbours as long as nothing goes in circles."""

LEAVES = {"launcher", "system_libraries"}
"""Parts of the window that know no other part: they also run where Qt itself cannot be loaded."""

WINDOW = {"PySide6", "shiboken6", "pyqtgraph", "gui"}
HEAVY = {"torch", "torchvision", "sklearn", "safetensors"}
LIGHT = (
    "engine/spec",
    "engine/layers",
    "engine/compile/infer.py",
    "engine/compile/__init__.py",
    "engine/templates.py",
    "engine/edits",
)
"""What the window loads before its first paint and at every keystroke."""


def python_files(*folders: str) -> list[Path]:
    return sorted(path.relative_to(ROOT) for folder in folders for path in (ROOT / folder).rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text("utf-8"), str(path))


def names_in(node: ast.AST) -> Iterator[str]:
    """The dotted names that an import statement loads; `from a import b` may load a.b."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


def all_imports(path: Path) -> list[str]:
    """Every import in a file, also inside functions."""
    return [name for node in ast.walk(tree(path)) for name in names_in(node)]


def imports_when_loaded(path: Path) -> list[str]:
    """What importing the file itself imports: not what stands in functions, or is for type checkers only."""
    found: list[str] = []

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            return
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            for other in node.orelse:
                visit(other)
            return
        found.extend(names_in(node))
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(tree(path))
    return found


def part_of(name: str) -> str:
    """`layers` for engine.layers.base or engine/layers/base.py."""
    return name.split(".")[1] if "." in name else ""


def part(path: Path) -> str:
    return path.parts[1].removesuffix(".py")


def heavy(names: list[str]) -> list[str]:
    return [name for name in names if name.split(".")[0] in HEAVY]


@pytest.mark.parametrize("path", python_files("engine"), ids=str)
def test_the_engine_imports_one_way_and_knows_no_window(path):
    here = part(path)
    inside = here not in ("__init__", "__main__")
    assert not inside or here in ENGINE, f"give “{here}” its place in ENGINE, and in docs/architecture.md"
    for name in all_imports(path):
        assert name.split(".")[0] not in WINDOW, f"the engine must not know the window: {name}"
        if name.startswith("engine.") and inside and part_of(name) in ENGINE:
            assert ENGINE.index(part_of(name)) <= ENGINE.index(here), f"{here} must not know {name}"
    if path.as_posix().startswith(LIGHT) and path.as_posix() != "engine/layers/modules.py":
        assert not heavy(imports_when_loaded(path)), "what is drawn is described without torch"


@pytest.mark.parametrize("path", python_files("gui"), ids=str)
def test_the_window_imports_one_way_and_computes_nothing_itself(path):
    here = part(path)
    levels = {name: level for level, names in enumerate(GUI) for name in names}
    known = {"__init__", "__main__", *levels, *LEAVES}
    assert here in known, f"give “{here}” its place in GUI, and in docs/architecture.md"
    assert not heavy(imports_when_loaded(path))
    for name in all_imports(path):
        top = name.split(".")[0]
        assert top not in ("main", "tests")
        assert top != "pyqtgraph" or here == "plots", "only the plots know pyqtgraph"
        if top == "gui" and part_of(name) in levels and part_of(name) != here:
            assert here not in LEAVES, f"{here} stands alone and must not know {name}"
            assert levels[part_of(name)] <= levels.get(here, len(GUI)), f"{here} must not know {name}"
    if here in LEAVES:
        outside = {name.split(".")[0] for name in imports_when_loaded(path)} - set(sys.stdlib_module_names)
        assert outside <= {"gui"}, "it runs where nothing is installed"


def test_the_parts_of_the_window_do_not_go_in_circles():
    known: dict[str, set[str]] = {}
    for path in python_files("gui"):
        others = {part_of(name) for name in all_imports(path) if name.startswith("gui.")}
        known.setdefault(part(path), set()).update(others - {part(path)})
    order = list(TopologicalSorter(known).static_order())  # CycleError names a circle
    assert {"theme", "forms"} <= set(order)


@pytest.mark.parametrize("path", [*python_files("engine", "gui"), Path("main.py")], ids=str)
def test_names_are_full_and_nothing_that_is_opened_can_run_code(path):
    runs_code = {"pickle", "cPickle", "dill", "shelve", "marshal", "joblib", "cloudpickle"}
    assert not [name for name in all_imports(path) if name.split(".")[0] in runs_code]
    for node in ast.walk(tree(path)):
        # The other tests here, and readers, rely on full names.
        assert not (isinstance(node, ast.ImportFrom) and node.level), f"line {node.lineno}: a relative import"
        if isinstance(node, ast.Call):
            given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            called = ast.unparse(node.func)
            assert given.get("allow_pickle", "False") == "False", f"line {node.lineno}"
            assert given.get("weights_only", "True") == "True", f"line {node.lineno}"
            assert called not in ("eval", "exec", "builtins.eval", "builtins.exec"), f"line {node.lineno}"
            if called == "torch.load":
                assert "weights_only" in given, f"line {node.lineno}"
            if called in ("yaml.load", "yaml.unsafe_load"):
                pytest.fail(f"line {node.lineno}")


def loaded_by(code: str) -> set[str]:
    """The top-level modules in memory after running `code` in a fresh Python."""
    script = f"{code}\nimport sys\nprint('\\n'.join(name for name in sys.modules if '.' not in name))"
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_the_window_starts_without_torch():
    loaded = loaded_by("import gui.app")
    assert "PySide6" in loaded and not loaded & HEAVY


def test_no_part_of_the_window_brings_torch_along():
    modules = [".".join(path.with_suffix("").parts) for path in python_files("gui")]
    names = [name.removesuffix(".__init__") for name in modules if not name.endswith(".__main__")]
    assert "gui.main_window" in names
    assert not loaded_by(f"import importlib\nfor name in {names}: importlib.import_module(name)") & HEAVY


@pytest.mark.parametrize(
    "code",
    [
        "import engine",
        "from engine.templates import templates; assert len(templates()) >= 4",
        "from engine.layers import LAYERS; assert len(list(LAYERS)) >= 16",
        "from engine.train.optimizers import OPTIMIZERS; from engine.train.schedules import SCHEDULES\n"
        "assert len(OPTIMIZERS) >= 4 and len(SCHEDULES) >= 3",
        "from engine.compile import Facts, infer; from engine.templates import fitted\n"
        "assert infer(fitted('lenet', Facts((1, 28, 28), 10)), Facts((1, 28, 28), 10)).is_ready",
        "from engine.spec.files import read_project; from engine.train.runs import list_runs",
    ],
    ids=["engine", "templates", "layers", "recipes", "inference", "projects"],
)
def test_the_engine_describes_without_torch_or_qt(code):
    assert not loaded_by(code) & (HEAVY | WINDOW)


def test_launching_checks_run_without_qt():
    assert not loaded_by("import gui.launcher, gui.system_libraries") & (HEAVY | WINDOW - {"gui"})
