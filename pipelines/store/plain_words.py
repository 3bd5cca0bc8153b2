"""Fold a text on a Postgres server as `pipelines.search.words` folds it here, whatever the server's
locale. Pure.

So that what is found does not depend on the warehouse: `stories.search_text` is made of this, and
questions come folded. Functions that follow the locale (`lower` beyond ASCII, `[[:alnum:]]`) are not
relied on.
"""

from __future__ import annotations

_POINTS = (
    r"[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1-\u05c2\u05c4-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670]"
)

_BETWEEN = (
    r"[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf\u00d7\u00f7"
    r"\u055a-\u055f\u0589\u058a\u05be\u05c0\u05c3\u05f3\u05f4\u060c\u061b\u061f\u06d4\u0964\u0965"
    r"\u1362-\u1368\u2000-\u200b\u200e-\u206f\u20a0-\u2bff\u3000-\u3004\u3008-\u3020"
    r"\u3030\u303d\ufe10-\ufe6b\uff00-\uff0f]+"
)
"""What stands between words: signs, not letters, digits or marks."""

_MARKS = (
    r"\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u102b-\u103e\u17b4-\u17d3\u3099\u309a"
)

_SPACELESS = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    r"\U00020000-\U0003ffff"
)

_CAPITALS = "".join(
    chr(n) for first, last in ((0x386, 0x3AB), (0x400, 0x42F), (0x460, 0x52F), (0x531, 0x556))
    for n in range(first, last + 1) if len(chr(n).lower()) == 1 and chr(n).lower() != chr(n)
)  # fmt: skip
"""Greek, Cyrillic and Armenian; Latin ones are ASCII once their accents are off, but for these:"""

_OTHERS = ("ØŁĐĦÐøłđħıðςیکى", "oldhdoldhidσيكي")

_LIGATURES = (("Æ", "ae"), ("æ", "ae"), ("Œ", "oe"), ("œ", "oe"), ("ß", "ss"), ("Þ", "th"), ("þ", "th"))


def folded(text: str) -> str:
    """The expression that folds an expression, with a space between words; immutable, so columns may be
    made of it.

    >>> folded("headline").startswith("btrim(regexp_replace(")
    True
    """
    sql = f"normalize({text}, NFKD)"
    sql = f"regexp_replace({sql}, '{_POINTS}', '', 'g')"
    sql = f"lower(translate({sql}, '{_CAPITALS}{_OTHERS[0]}', '{_CAPITALS.lower()}{_OTHERS[1]}'))"
    for sign, letters in _LIGATURES:
        sql = f"replace({sql}, '{sign}', '{letters}')"
    sql = f"normalize({sql}, NFC)"
    sql = f"regexp_replace({sql}, '{_BETWEEN}', ' ', 'g')"
    return rf"btrim(regexp_replace({sql}, '([{_SPACELESS}][{_MARKS}]*)', ' \1 ', 'g'))"
