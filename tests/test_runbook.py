"""Does the runbook have a page for each cause that a finding can name, and for each trouble that we can make?"""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from demo.__main__ import Sick
from demo.troubles import TROUBLES
from pipelines.ledger import Cause

TEXT = (Path(__file__).parents[1] / "docs" / "operators.md").read_text("utf-8")
RUNBOOK = re.search(r"^## Runbook.*?(?=^## |\Z)", TEXT, re.M | re.S)[0]
PAGES = dict(re.findall(r"^### (\S+)\n(.*?)(?=^### |\Z)", RUNBOOK, re.M | re.S))
POINTS = ("See", "Likely", "Do", "Leave it", "Again")


def test_the_headings_are_the_causes():
    assert list(PAGES) == [cause.value for cause in Cause]


@pytest.mark.parametrize("cause", PAGES)
def test_a_page_says_what_is_seen_why_what_to_do_when_not_and_how_again(cause):
    assert re.findall(r"^- \*\*(.+?)\*\*", PAGES[cause], re.M) == list(POINTS)
    for line in re.split(r"^- ", PAGES[cause], flags=re.M)[1:]:
        assert len(line.split()) > 2


def test_each_trouble_of_the_demo_wire_is_tried_on_one_page():
    made = [
        Sick().convert(shlex.split(line)[-1], None, None).name
        for line in re.findall(r"^`(python -m demo serve --trouble .*)`$", RUNBOOK, re.M)
    ]
    assert sorted(made) == sorted(TROUBLES)


def test_the_words_of_the_demo_command_are_its_own():
    from demo.__main__ import main

    told = CliRunner().invoke(main, ["serve", "--help"]).output
    assert "--trouble" in told
