"""Tables as Markdown and CSV."""

import csv

from bigan.evaluation import tables
from bigan.evaluation.tables import Table


def test_markdown_is_for_people_and_csv_for_programs(tmp_path):
    shown = Table(["run", "a"], [["one", "1.50"], ["two", 2]], "Of two runs.")
    assert shown.markdown() == "| run | a |\n| --- | ---: |\n| one | 1.50 |\n| two | 2 |\n\nOf two runs.\n"
    numbers = Table(["run", "a"], [["one, or another", 1 / 3]])
    tables.write(tmp_path, shown, numbers)
    assert (tmp_path / "table.md").read_text() == shown.markdown()
    with open(tmp_path / "table.csv", newline="") as file:
        assert list(csv.DictReader(file)) == [{"run": "one, or another", "a": str(1 / 3)}]
