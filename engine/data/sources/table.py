"""Images whose classes stand in a table."""

from dataclasses import dataclass
from pathlib import Path

from engine.data.csv_labels import SUFFIXES, is_table, read_table, write_links
from engine.data.sources.base import SOURCES, Source, Tell, obedient, unpacked_folder
from engine.data.whole_folder import write_folder_once
from engine.errors import EngineError
from engine.jobs import JobControl
from engine.params import param


@SOURCES.add("table", "A table of files and classes")
@dataclass(frozen=True)
class Table(Source):
    """Images that lie side by side, and a CSV file that says the class of each. The images stay where they are."""

    summary = "A CSV file with the columns file and label, and if it has one, split."

    path: str = param("", label="File", help="A .csv or .tsv file; the files it names are beside or below it.")
    file_column: str = param("", label="File column", help="Its heading; empty: the one that is called like one.")
    label_column: str = param("", label="Class column", help="Its heading; empty: the one that is called like one.")
    split_column: str = param("", label="Split column", help="Its heading; empty: the one that is called like one.")

    @classmethod
    def takes(cls, path: Path) -> bool:
        return path.suffix.lower() in SUFFIXES and path.is_file() and is_table(path)

    def folder(self, progress: Tell | None = None, control: JobControl | None = None) -> Path:
        if not self.path.strip():
            raise EngineError("No table has been chosen.", why="The classes come from one.", fix="Choose a CSV file.")
        path = Path(self.path).expanduser()
        columns = (self.file_column, self.label_column, self.split_column)
        place = unpacked_folder(path, f"table {columns}")
        tell = obedient(progress, control)
        write_folder_once(place, lambda working: write_links(path, read_table(path, *columns), working, tell))
        return place
