"""Tables of files and classes: headings or none, columns found or chosen, files beside the table or below it."""

from pathlib import Path

import pytest
from PIL import Image

from engine.data.csv_labels import NO_COLUMN, Columns, folder_name, locate, read_head, read_table
from engine.data.load import load_index
from engine.data.sources import source_of
from engine.errors import EngineError
from engine.spec import Chosen, DataSpec


def write_images(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        Image.new("RGB", (8, 8), (number * 9 % 256, 0, 0)).save(folder / name, "PNG")


def table(folder: Path, *lines: str) -> Path:
    path = folder / "t.csv"
    path.write_text("\n".join(lines), "utf-8")
    return path


@pytest.mark.parametrize(
    "lines, expected",
    [
        (["0.png,cat", "1.png,dog"], Columns(0, 1, None)),
        (["cat;0.png", "dog;1.png"], Columns(1, 0, None)),
        (["train,cat,0.png", "test,dog,1.png"], Columns(2, 1, 0)),
        (["0,cat", "1,dog"], Columns(0, 1, None)),  # without suffixes, known by the files that are there
    ],
)
def test_a_table_without_headings(tmp_path, lines, expected):
    write_images(tmp_path, "0.png", "1.png")
    path = table(tmp_path, *lines)
    head = read_head(path)
    assert not head.has_heading and head.columns[:2] == ("column 1", "column 2") and head.usual == expected
    assert len(head.first) == 2 and len(read_table(path)) == 2
    index = load_index(DataSpec(source=source_of(path)))
    assert index.classes == ("cat", "dog") and len(index) == 2


@pytest.mark.parametrize("line", ["file,label", "who,what", "a,b", "image,y"])
def test_a_heading_is_no_row(tmp_path, line):
    write_images(tmp_path, "0.png")
    path = table(tmp_path, line, "0.png,cat")
    assert read_head(path).has_heading and len(read_table(path)) == 1


def test_columns_without_a_heading_are_chosen_by_their_numbers(tmp_path):
    write_images(tmp_path, "0.png", "1.png")
    path = table(tmp_path, "0.png,x,cat", "1.png,x,dog")
    assert [row.label for row in read_table(path)] == ["x", "x"]
    assert [row.label for row in read_table(path, label_column="Column 3")] == ["cat", "dog"]
    with pytest.raises(EngineError) as caught:
        read_table(path, label_column="column 4")
    assert "column 1, column 2, column 3" in caught.value.why


def test_equal_and_missing_headings_can_be_told_apart(tmp_path):
    path = table(tmp_path, "file,label,Label,", "0.png,a,b,c")
    assert read_head(path).columns == ("file", "label", "Label (column 3)", "column 4")
    assert read_table(path, label_column="Label (column 3)")[0].label == "b"
    assert read_table(path, label_column="column 4")[0].label == "c"


def test_a_column_for_the_split_can_be_left_unused(tmp_path):
    path = table(tmp_path, "file,label,split", "0.png,a,test")
    assert read_table(path)[0].split == "test"
    assert read_table(path, split_column=NO_COLUMN)[0].split == ""
    assert read_table(path, label_column="split")[0] == read_table(path, "", "split", NO_COLUMN)[0]
    assert read_table(path, file_column="label")[0].label == "0.png", "a column is used once"


def test_files_in_a_folder_that_the_table_does_not_name(tmp_path):
    write_images(tmp_path / "images", "0.png", "1.jpg")
    write_images(tmp_path / "more", "2.png", "0.png")
    write_images(tmp_path / ".hidden", "3.png")
    path = table(tmp_path, "id,label", "0,a", "1,b", "2,b", "3,b", "\\0,c")
    found = [place and place.relative_to(tmp_path).as_posix() for _, place in locate(path, read_table(path))]
    assert found[:4] == ["images/0.png", "images/1.jpg", "more/2.png", None]
    index = load_index(DataSpec(source=Chosen("table", {"path": str(path)})))
    assert len(index) >= 3 and "not there, such as “3”" in index.notes[0]


def test_odd_rows_are_passed_over(tmp_path):
    write_images(tmp_path, "0.png")
    path = table(tmp_path, "file,label", "", ",a", "0.png", "0.png,", f"{'x' * 5000},a", "a\0b,a", '"0.png","a, b"')
    assert [(row.label, place is not None) for row, place in locate(path, read_table(path))][-1] == ("a, b", True)


@pytest.mark.parametrize("content", ["", "one\n", "one column\nx\n"])
def test_what_has_no_two_columns_is_told(tmp_path, content):
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(EngineError, match="gives no data set"):
        read_head(tmp_path / "t.csv")
    with pytest.raises(EngineError, match="is not there"):
        read_head(tmp_path / "none.csv")


@pytest.mark.parametrize(
    "label, expected",
    [("a/b", "a_b"), ("..", "_"), (" cat. ", "cat"), ("..x", "x"), ("x" * 300, "x" * 200), ("?", "_")],
)
def test_a_class_is_called_what_a_disk_takes(label, expected):
    assert folder_name(label) == expected
