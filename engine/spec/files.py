"""Projects as JSON: written whole or not at all, read as far as they can be understood.

What is unknown or wrong is reported by name and the rest opens. Nodes of unknown kinds are kept as they are: saving
does not lose them.
"""

import json
import keyword
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from engine.errors import EngineError, ProjectError
from engine.files import write_atomically
from engine.params import Declared, Value
from engine.spec.data import Chosen, DataEdits, DataSpec
from engine.spec.network import BlockSetting, BlockSpec, NetworkSpec, Node
from engine.spec.project import ProjectSpec
from engine.spec.recipe import RecipeSpec

FORMAT = 1
"""Raised when older versions of Atelier could misread a file; every raise comes with an entry in MIGRATIONS."""

MIGRATIONS: dict[int, Callable[[dict], dict]] = {}
"""From each older format number, how to make the next one of it."""

LARGEST = 64 * 2**20
"""Bytes; a project document is far smaller, and a mistaken file should not fill the memory."""

_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,80}")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")

Note = Callable[[str], None]


def to_json(project: ProjectSpec) -> str:
    """The project as JSON text, stable line by line so that version control shows real changes only."""
    content = {
        "format": FORMAT,
        "data": {
            **project.data.values(),
            "source": asdict(project.data.source) if project.data.source else None,
            "classes": project.data.classes,
            "edits": _given(asdict(project.data.edits)),
            "augment": [asdict(chosen) for chosen in project.data.augment],
        },
        "network": network_to_raw(project.network),
        "recipe": {
            **project.recipe.values(),
            "optimizer": asdict(project.recipe.optimizer),
            "schedule": asdict(project.recipe.schedule),
            "loss": asdict(project.recipe.loss),
        },
        "notes": project.notes,
    }
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    # A file name that is no UTF-8 reaches us with lone surrogates, which no UTF-8 file can hold: JSON escapes them.
    return _LONE_SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def network_to_raw(network: NetworkSpec) -> dict[str, Any]:
    """A network as plain JSON values."""
    raw = {"template": network.template, "nodes": [asdict(node) for node in network.nodes]}
    return {**raw, "blocks": [asdict(block) for block in network.blocks]} if network.blocks else raw


def from_json(text: str, origin: str = "the project") -> tuple[ProjectSpec, tuple[str, ...]]:
    """Read a project.

    Returns:
        The project, and one sentence for everything that could not be understood.
    Raises:
        ProjectError: the text is no project at all, or of a newer format.
    """
    raw = _parsed(text, origin)
    notes: list[str] = []
    _tell_unknown(raw, {"format", "data", "network", "recipe", "notes"}, "Project", notes.append)
    project = ProjectSpec(
        data=_read_data(_mapping(raw.get("data"), "Data", notes.append), notes.append),
        network=network_from_raw(raw.get("network"), notes.append),
        recipe=_read_recipe(_mapping(raw.get("recipe"), "Recipe", notes.append), notes.append),
        notes=_text(raw, "notes", "Project", notes.append),
    )
    return project, tuple(notes)


def read_project(path: Path) -> tuple[ProjectSpec, tuple[str, ...]]:
    """Open a project document. Paths inside it that are relative are relative to its folder.

    Raises: ProjectError, naming the file.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise ProjectError(f"“{path.name}” is not an Atelier project.", why="It is far too large for one.")
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ProjectError(
            f"“{path}” is not there.", why="It was moved, renamed or deleted.", fix="Open it from its new place."
        ) from None
    except UnicodeDecodeError:
        raise ProjectError(f"“{path.name}” is not an Atelier project.", why="It is not a text file.") from None
    except OSError as error:
        raise ProjectError(f"“{path.name}” cannot be read.", why=f"{error.strerror}.") from error
    project, notes = from_json(text, f"“{path.name}”")
    return _with_source_path(project, lambda found: os.path.normpath(path.parent / found)), notes


def write_project(project: ProjectSpec, path: Path) -> None:
    """Save a project document, completely or not at all.

    A data folder inside the project's own folder is stored relative to it, so that both can be moved together.

    Raises: ProjectError, when the place cannot be written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, to_json(_with_source_path(project, lambda found: _relative(found, path.parent))))
    except OSError as error:
        raise ProjectError(
            f"“{path.name}” could not be saved.",
            why=f"{error.strerror or error}.",
            fix="Free some space or save it in another folder; what you have done is still open here.",
        ) from error


def _with_source_path(project: ProjectSpec, change: Callable[[str], str]) -> ProjectSpec:
    source = project.data.source
    if source is None or not isinstance(source.params.get("path"), str):
        return project
    moved = replace(source, params={**source.params, "path": change(source.params["path"])})
    return replace(project, data=replace(project.data, source=moved))


def _relative(found: str, folder: Path) -> str:
    try:
        return Path(found).resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        return os.path.abspath(found)


def _parsed(text: str, origin: str) -> dict[str, Any]:
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError) as error:  # plain ValueError: a number of thousands of digits
        raise ProjectError(
            f"{origin[:1].upper()}{origin[1:]} is damaged or not an Atelier project.",
            why=f"It stops making sense in line {getattr(error, 'lineno', 1)}.",
            fix="Restore an older copy of the file.",
        ) from None
    if not isinstance(raw, dict) or type(raw.get("format")) is not int or raw["format"] < 1:
        raise ProjectError(
            f"{origin[:1].upper()}{origin[1:]} is not an Atelier project.",
            why="It does not say which format it has.",
            fix="Choose a file that Atelier has saved.",
        )
    if raw["format"] > FORMAT:
        raise ProjectError(
            f"{origin[:1].upper()}{origin[1:]} was saved by a newer version of Atelier.",
            why=f"Its format is {raw['format']}; this version knows formats up to {FORMAT}.",
            fix="Update Atelier and open it again.",
        )
    while raw["format"] < FORMAT and raw["format"] in MIGRATIONS:
        raw = MIGRATIONS[raw["format"]](raw)
    return raw


def _mapping(raw: Any, where: str, note: Note) -> dict[str, Any]:
    if isinstance(raw, dict):
        return raw
    if raw is not None:
        note(f"{where}: this part is damaged; the defaults are used instead.")
    return {}


def _text(raw: Mapping[str, Any], name: str, where: str, note: Note) -> str:
    text = raw.get(name, "")
    if isinstance(text, str):
        return text
    note(f"{where}: the field “{name}” is damaged and was left out.")
    return ""


def _tell_unknown(raw: Mapping[str, Any], known: Iterable[str], where: str, note: Note) -> None:
    for name in (name for name in raw if name not in known):
        note(f"{where}: the field “{name}” is unknown here and was left out.")


def _declared_only(cls: type[Declared], raw: dict[str, Any], apart: Iterable[str], where: str, note: Note) -> Declared:
    return cls.tolerant({name: value for name, value in raw.items() if name not in set(apart)}, note, where)


def _read_data(raw: dict[str, Any], note: Note) -> DataSpec:
    settings = _declared_only(DataSpec, raw, ("source", "classes", "edits", "augment"), "Data", note)
    classes = _texts(raw.get("classes"), "Data: the list of classes", note)
    augment = raw.get("augment", [])
    if not isinstance(augment, list):
        note("Data: the list of augmentations is damaged and was left out.")
        augment = []
    chosen = (_read_chosen(entry, "Data, augmentation", note) for entry in augment)
    source = raw.get("source")
    return replace(
        settings,
        source=_read_chosen(source, "Data, source", note) if source is not None else None,
        classes=classes,
        edits=_read_edits(_mapping(raw.get("edits"), "Data, edits", note), note),
        augment=tuple(entry for entry in chosen if entry is not None),
    )


def _given(values: dict[str, Any]) -> dict[str, Any]:
    """Without what is empty."""
    return {name: value for name, value in values.items() if value}


def _read_edits(raw: dict[str, Any], note: Note) -> DataEdits:
    _tell_unknown(raw, {"left_out", "moved", "class_names", "together"}, "Data, edits", note)
    together = raw.get("together") or ()
    if not isinstance(together, list | tuple):
        note("Data: the groups of images to keep together are damaged and were left out.")
        together = ()
    groups = (_texts(group, "Data: a group of images to keep together", note) for group in together)
    return DataEdits(
        left_out=_texts(raw.get("left_out"), "Data: the list of images to leave out", note),
        moved=_text_by_text(raw.get("moved"), "Data: the list of images in another class", note),
        class_names=_text_by_text(raw.get("class_names"), "Data: the list of class names", note),
        together=tuple(group for group in groups if len(group) > 1),
    )


def _text_by_text(raw: Any, what: str, note: Note) -> dict[str, str]:
    """Texts by texts; nothing, and a note, where it is something else."""
    raw = raw or {}
    if not isinstance(raw, dict) or not all(isinstance(text, str) for pair in raw.items() for text in pair):
        note(f"{what} is damaged and was left out.")
        return {}
    return raw


def _texts(raw: Any, what: str, note: Note) -> tuple[str, ...]:
    """A list of texts; nothing, and a note, where it is something else."""
    raw = raw or ()
    if not isinstance(raw, list | tuple) or not all(isinstance(text, str) for text in raw):
        note(f"{what} is damaged and was left out.")
        return ()
    return tuple(raw)


def _read_recipe(raw: dict[str, Any], note: Note) -> RecipeSpec:
    recipe = _declared_only(RecipeSpec, raw, ("optimizer", "schedule", "loss"), "Recipe", note)
    for name in ("optimizer", "schedule", "loss"):
        chosen = _read_chosen(raw[name], f"Recipe, {name}", note) if name in raw else None
        recipe = replace(recipe, **{name: chosen}) if chosen else recipe
    return recipe


def _read_chosen(raw: Any, where: str, note: Note) -> Chosen | None:
    if not isinstance(raw, dict) or not isinstance(raw.get("kind"), str):
        note(f"{where}: this entry is damaged and was left out.")
        return None
    _tell_unknown(raw, ("kind", "params"), where, note)
    return Chosen(raw["kind"], _read_params(raw.get("params", {}), where, note))


def _read_params(raw: Any, where: str, note: Note) -> dict[str, Value]:
    if not isinstance(raw, dict):
        note(f"{where}: the settings are damaged; the defaults are used instead.")
        return {}
    params: dict[str, Value] = {}
    for name, value in raw.items():
        if isinstance(value, bool | int | float | str):
            params[name] = value
        elif isinstance(value, list) and len(value) == 2 and all(isinstance(number, int) for number in value):
            params[name] = (value[0], value[1])
        else:
            note(f"{where}: the setting “{name}” has a value of an unknown sort and was left out.")
    return params


def network_from_raw(raw: Any, note: Note) -> NetworkSpec:
    """Read a network from plain JSON values; nodes that make no sense are left out and reported to `note`."""
    content = _mapping(raw, "Network", note)
    nodes = _read_nodes(content, "Network", note)
    blocks = _read_blocks(content.get("blocks", []), note)
    _tell_unknown(content, ("template", "nodes", "blocks"), "Network", note)
    return NetworkSpec(nodes, _text(content, "template", "Network", note), blocks)


def _read_nodes(content: Mapping[str, Any], owner: str, note: Note) -> tuple[Node, ...]:
    nodes: dict[str, Node] = {}
    for place, entry in enumerate(_list(content, "nodes", owner, "list of layers", note), start=1):
        try:
            node = _read_node(entry, place, owner, note)
        except EngineError as error:
            note(error.what)
            continue
        if node.id in nodes:
            note(f"{owner}: two layers have the id “{node.id}”; the second was left out.")
        else:
            nodes[node.id] = node
    return tuple(nodes.values())


def _list(content: Mapping[str, Any], name: str, owner: str, what: str, note: Note) -> list[Any]:
    entries = content.get(name, [])
    if isinstance(entries, list):
        return entries
    note(f"{owner}: the {what} is damaged and was left out.")
    return []


def _read_blocks(entries: Any, note: Note) -> tuple[BlockSpec, ...]:
    blocks: dict[str, BlockSpec] = {}
    for place, entry in enumerate(_list({"blocks": entries}, "blocks", "Network", "list of blocks", note), start=1):
        name = entry.get("name") if isinstance(entry, dict) else None
        if not isinstance(name, str) or not _ID.fullmatch(name) or name in blocks:
            note(f"Network: block {place} has no usable name and was left out.")
            continue
        blocks[name] = block_from_raw(entry, note)
    return tuple(blocks.values())


def block_from_raw(entry: Mapping[str, Any], note: Note) -> BlockSpec:
    """Read a block that has a usable name; what makes no sense in it is left out and reported to `note`."""
    owner = f"Block “{entry['name']}”"
    _tell_unknown(entry, ("name", "title", "nodes", "settings", "help"), owner, note)
    nodes = _read_nodes(entry, owner, note)
    settings: dict[str, BlockSetting] = {}
    for raw in _list(entry, "settings", owner, "list of settings", note):
        setting = _read_block_setting(raw, {node.id for node in nodes})
        if setting is None or setting.name in settings:
            note(f"{owner}: a setting is damaged and was left out.")
        else:
            settings[setting.name] = setting
    title = _text(entry, "title", owner, note) or entry["name"]
    return BlockSpec(entry["name"], title, nodes, tuple(settings.values()), _text(entry, "help", owner, note))


def _read_block_setting(raw: Any, node_ids: set[str]) -> BlockSetting | None:
    if not isinstance(raw, dict):
        return None
    name, label, targets = raw.get("name"), raw.get("label"), raw.get("targets")
    is_name = isinstance(name, str) and name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("_")
    if not is_name or not isinstance(label, str) or not isinstance(targets, list):
        return None
    pairs = [tuple(target) for target in targets if isinstance(target, list) and len(target) == 2]
    known = [(node, wanted) for node, wanted in pairs if node in node_ids and isinstance(wanted, str)]
    default = _read_params({"default": raw.get("default")}, "", lambda _: None).get("default")
    return None if not known or default is None else BlockSetting(name, label, default, tuple(known))


def _read_node(entry: Any, place: int, owner: str, note: Note) -> Node:
    if not isinstance(entry, dict) or not isinstance(entry.get("kind"), str):
        raise EngineError(f"{owner}: layer {place} is damaged and was left out.")
    node_id, inputs = entry.get("id"), entry.get("inputs", [])
    if not isinstance(node_id, str) or not _ID.fullmatch(node_id):
        raise EngineError(f"{owner}: layer {place} has no usable id and was left out.")
    if not isinstance(inputs, list) or not all(isinstance(source, str) for source in inputs):
        note(f"{owner}: the links to layer “{node_id}” are damaged and were left out.")
        inputs = []
    where = f"{owner}, layer “{node_id}”"
    _tell_unknown(entry, ("id", "kind", "params", "inputs", "label"), where, note)
    params = _read_params(entry.get("params", {}), where, note)
    return Node(node_id, entry["kind"], params, tuple(inputs), _text(entry, "label", where, note))
