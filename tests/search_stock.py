"""Ten stories in as many tongues, and by what questions each of them is found, in whatever warehouse."""

from __future__ import annotations

from press import story

STOCK = {
    "council": ("Council votes on harbour", "The council of Port Ellery voted to dredge the harbour."),
    "rain": ("Rain in Leeds", "Heavy rain fell on Leeds. Port officials in Ellery were not surprised."),
    "snow": ("Snow closes schools", "Snow closed nine schools, and flooding is feared."),
    "cricket": ("Rain stops play", "Rain stopped the cricket at Leeds after nine overs."),
    "munich": ("Föhn über München", "Der Föhn brachte Wärme; die Straße blieb frei."),
    "hanoi": ("Mưa lớn ở Hà Nội", "Đường phố ngập sau trận mưa."),
    "tokyo": ("東京で雨", "東京では朝から雨が降り、電車が遅れた。"),
    "bangkok": ("ฝนตกหนัก", "ฝนตกหนักในกรุงเทพมหานครเมื่อวานนี้"),
    "cairo": ("أَمطار في القاهرة", "هطلت الأمطار على القاهرة."),
    "delhi": ("दिल्ली में बारिश", "दिल्ली में कल बारिश हुई और मौसम ठंडा हुआ।"),
}


FOUND = [
    ("dredge", {"council"}),
    ("Leeds rain", {"rain", "cricket"}),
    ("leeds AND rain", {"rain", "cricket"}),
    ('"port ellery"', {"council"}),
    ("port ellery", {"council", "rain"}),
    ("snow OR dredge", {"snow", "council"}),
    ("rain NOT cricket", {"rain"}),
    ("rain -cricket", {"rain"}),
    ('leeds -"nine overs"', {"rain"}),
    ("flood*", {"snow"}),
    ("floo", set()),
    ('"nine ove*"', {"cricket"}),
    ("(snow OR rain) nine", {"snow", "cricket"}),
    ("snow OR rain nine", {"snow", "cricket"}),
    ("munchen strasse", {"munich"}),
    ("MÜNCHEN", {"munich"}),
    ("ha noi", {"hanoi"}),
    ("đường", {"hanoi"}),
    ("duong", {"hanoi"}),
    ("東京", {"tokyo"}),
    ("京東", set()),
    ("電車 雨", {"tokyo"}),
    ("กรุงเทพ", {"bangkok"}),
    ("امطار", {"cairo"}),
    ("मौसम", {"delhi"}),
    ("मौस", set()),
]


def told(story_id, minute=0, **fields):
    headline, body = STOCK.get(story_id, ("", ""))
    stated = {"headline": headline, "body_text": body, "content_hash": f"of-{story_id}", **fields}
    return story(story_id, minute, **stated)
