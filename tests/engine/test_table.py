"""The network as a table: sums, names inside blocks, and what is safe in a spreadsheet."""

import csv
import io

import pytest

from engine.compile import Facts, infer
from engine.compile.table import COLUMNS, as_csv, as_text, rows
from engine.spec.network import chain, set_label
from engine.templates import fitted

FACTS = Facts((3, 64, 64), 2)


@pytest.mark.parametrize("name", ["lenet", "resnet18", "densenet121", "row-lstm"])
@pytest.mark.parametrize("inside", [False, True])
def test_the_sums_are_those_of_the_network(name, inside):
    report = infer(fitted(name, FACTS), FACTS)
    table = rows(report, inside=inside)
    assert sum(row.parameters for row in table) == report.parameters
    assert sum(row.multiply_adds for row in table) == report.multiply_adds
    assert sum(row.memory for row in table) == report.activation_bytes
    assert len({row.id for row in table}) == len(table)
    assert (len(table) > len(report.nodes)) == (inside and name in ("resnet18", "densenet121"))


def test_layers_inside_blocks_have_the_names_of_their_weights():
    report = infer(fitted("resnet18", FACTS), FACTS)
    found = {row.id: row for row in rows(report, inside=True)}
    assert "residual_1.conv1" in found and "residual_1.x" not in found
    assert found["residual_1.bn1"].inputs == "residual_1.conv1"


def test_as_csv_and_as_text():
    network = set_label(fitted("lenet", FACTS), "conv2d_1", '=1+1, "so"')
    table = rows(infer(network, FACTS))
    lines = list(csv.reader(io.StringIO(as_csv(table))))
    assert lines[0] == [heading for _, heading in COLUMNS]
    assert len(lines) == len(table) + 1
    assert lines[2][2] == '\'=1+1, "so" (Convolution)', "no spreadsheet is to compute what a project brings"
    assert lines[2][5] == str(table[1].parameters)
    assert as_csv(table, "\t").splitlines()[0].split("\t") == lines[0]
    text = as_text(table).splitlines()
    assert len(text) == len(table) + 1
    assert "Parameters" in text[0] and str(table[1].parameters) in text[2]


def test_what_is_not_known_stays_empty():
    table = rows(infer(chain([("image", {}), ("dense", {}), ("relu", {})]), FACTS))
    assert table[1].parameters is None and table[2].output == ""
    assert as_csv(table).splitlines()[2].endswith(",,,,image_1")
