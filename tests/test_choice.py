"""Are the sources chosen that were meant, and no others?"""

import pytest

from pipelines.choice import chosen
from pipelines.errors import SourceError
from pipelines.records import Source


def source(name, language=None, *tags):
    return Source(name=name, title=name, home="https://x.example/", language=language, tags=tags)


KNOWN = {
    "austria": source("austria", "de-AT", "at", "agency"),
    "denmark": source("denmark", "da", "dk", "agency"),
    "germany": source("germany", "de", "de", "regional", "newspaper"),
    "silent": source("silent"),
    "wrong": SourceError("sources/wrong.toml: no"),
}


@pytest.mark.parametrize(
    ("names", "tags", "languages", "meant"),
    [
        ([], [], [], set(KNOWN)),
        (["denmark"], [], [], {"denmark"}),
        (["wrong"], [], [], {"wrong"}),
        ([], ["agency"], [], {"austria", "denmark"}),
        ([], ["regional", "newspaper"], [], {"germany"}),
        ([], ["regional", "agency"], [], set()),
        ([], [], ["DE"], {"austria", "germany"}),
        ([], [], ["d"], set()),
        ([], [], ["da", "de-AT"], {"austria", "denmark"}),
        ([], ["agency"], ["de"], {"austria"}),
        (["germany"], ["agency"], ["da"], {"germany", "denmark"}),
    ],
)
def test_chosen_are(names, tags, languages, meant):
    assert set(chosen(KNOWN, names, tags, languages)) == meant
