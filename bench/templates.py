"""Write running copy: weather, markets, scores, obituaries and the like, in which only names and figures differ."""

from __future__ import annotations

from random import Random

FIRST = "Ada Bruno Clara Dario Edda Falk Gitta Hedda Ivo Jorun Kaspar Liv Milan Nora Otis Pia Quint Rosa Sven Thea".split()
LAST = "Abelard Brightwell Corbin Dahlgren Eastlake Fenwick Garrow Holt Iverson Jessop Kessler Larkin Moss Norden Orme Pruett Quist Rask Sayer Tull".split()
TOWNS = "Ashby Birkholm Carrow Denby Elmsport Fallow Grimsby-on-Sea Hexton Ilford Jarrow Keld Lowick Marsden Nettleham Orby Penrith Ryhope Selby Thirsk Ulverston".split()
CLUBS = "Rovers United Athletic Wanderers City Albion Rangers Harriers".split()
WEATHER = "cloudy|mostly sunny|overcast|windy with showers|clear and cold|foggy in the valleys|humid with thunderstorms".split(
    "|"
)
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()

_TEMPLATES = {
    "weather": [
        "It will be {weather} in {town} on {day}, with a high of {n2} and a low of {small} degrees, the weather service said.",
        "The chance of rain is {n2} percent in the morning and {m2} percent by evening. Winds will come from the west at up to {n3} kilometers an hour.",
        "The sun rises at {small}:{m2} and sets at 19:{n2}. Drivers are asked to allow more time for their journeys, in particular on bridges and in the hills.",
        "The outlook for the days after: {weather2}, with temperatures between {small} and {n2} degrees. Farmers should watch for frost on the ground.",
        "The weather service updates its forecast every six hours. Warnings are sent to telephones and broadcast on local radio as soon as they are issued.",
    ],
    "markets": [
        "Shares in {town} closed {updown} on {day}, with the index of the {n2} largest companies {updown} {small}.{m2} percent at {n3}{m2} points.",
        "{club} Holdings was the strongest stock, {updown} {small}.{n2} percent, while {last} Group fell {small}.{m2} percent after it published its results for the quarter.",
        "Volume was {n3} million shares, compared with an average of {m3} million over the last thirty days, according to data from the exchange.",
        "Bond yields were little changed. The benchmark ten-year note yielded {small}.{n2} percent. Oil traded at {m2} crowns a barrel and gold at {n3}{small} crowns an ounce.",
        "Analysts said that investors were waiting for the decision of the central bank on interest rates and for figures on employment that are due on {day2}.",
    ],
    "scores": [
        "{town} {club} beat {town2} {club2} {small}-{digit} on {day} in front of {n3}{m2} spectators, with {last} scoring the decisive goal in the {n2}th minute.",
        "{last2} had put the visitors ahead with a header, but the home side came back after the break and never looked like losing its lead.",
        '"We deserved it, the boys gave everything today," said coach {first} {last3}. His team now has {m2} points from {n2} games and is in place {small} of the table.',
        "It was the {small}th defeat of the season for {town2}, who had {last4} sent off for a second yellow card shortly before the end of the match.",
        "The next round of matches will be played at the weekend. The two teams meet again in the second half of the season.",
    ],
    "obituary": [
        "{first} {last}, who ran the {town} theatre for {n2} years, has died at the age of {m2}, the family said on {day}.",
        "{last} was born in {town2} as the youngest of {small} children and came to the stage by chance when an actor fell ill.",
        "In {year} came the first leading role, and later prizes in {town} and {town2}. The theatre said that it had lost its heart.",
        "{last} is survived by {small} children and {n2} grandchildren. A memorial service will be held in {town2} on {day2}, and the public is welcome to attend.",
        "Instead of flowers, the family asks for donations to the fund for young actors, which was dear to {first} {last} until the end.",
    ],
    "results": [
        "{last} Group said on {day} that its profit for the quarter rose to {n2}.{small} million crowns from {m2}.{digit} million a year earlier.",
        "Revenue was {n3} million crowns, against the {m3} million that analysts had expected on average. Costs for energy and freight weighed on the margin.",
        '"We are satisfied with the quarter in an environment that remains challenging," said chief executive {first} {last2} in a statement.',
        "The company confirmed its outlook for the full year and expects revenue to grow by {small} to {n2} percent. The dividend will remain unchanged.",
        "Shares of {last} Group traded {updown} {small}.{m2} percent after the announcement. They have gained {n2} percent since the start of the year.",
    ],
    "quake": [
        "An earthquake with a magnitude of {small}.{digit} struck {n2} kilometers off {town} on {day}, the geological service said.",
        "The quake hit at a depth of {m2} kilometers at {small}:{n2} in the morning and was felt as far away as {town2}. There were no immediate reports of damage or casualties.",
        "No tsunami warning was issued. The region lies on a fault where two plates meet and is shaken by several hundred mostly small earthquakes every year.",
        "This information comes from the geological service's notification system, and this post was created from its data. Figures may be revised later.",
    ],
}
_BRIEFS = (
    "{town}: The council votes on {day} on a new roof for the {club} hall, which will cost {n3} thousand crowns.",
    "A driver of {n2} was slightly injured on {day} when a car left the road near {town}, police said.",
    "Shares of {last} Group closed {updown} {small}.{n2} percent on {day}.",
    "{town} {club} - {town2} {club2} {small}:{digit}. Spectators: {n3}. Goals: {last} ({n2}), {last2} ({m2}).",
    "The library in {town} stays closed from {day} to {day2} because of repairs to the heating, the town said.",
    "{first} {last} was elected chair of the {town} singers with {n2} votes out of {m2} on {day}.",
)


def template(kind: str, chance: Random) -> list[str]:
    """One instance: the same words but for names and figures, and at times a paragraph less."""
    slots = _slots(chance)
    said = [p.format(**slots) for p in _TEMPLATES[kind]]
    if chance.random() < 0.3:
        said.pop(chance.randint(2, len(said) - 1))
    return said


def brief(chance: Random) -> list[str]:
    """A story of one or two short sentences."""
    return [p.format(**_slots(chance)) for p in chance.sample(_BRIEFS, chance.choice((1, 1, 2)))]


KINDS = tuple(_TEMPLATES)


def _slots(chance: Random) -> dict[str, str]:
    last = chance.sample(LAST, 4)
    town, town2 = chance.sample(TOWNS, 2)
    club, club2 = chance.sample(CLUBS, 2)
    day, day2 = chance.sample(DAYS, 2)
    weather, weather2 = chance.sample(WEATHER, 2)
    figures = {"n2": chance.randint(10, 59), "m2": chance.randint(10, 99), "n3": chance.randint(100, 999),
               "m3": chance.randint(100, 999), "small": chance.randint(1, 9), "digit": chance.randint(0, 9),
               "year": chance.randint(1950, 2010)}  # fmt: skip
    return {name: str(value) for name, value in figures.items()} | {
        "first": chance.choice(FIRST), "last": last[0], "last2": last[1], "last3": last[2], "last4": last[3],
        "town": town, "town2": town2, "club": club, "club2": club2, "day": day, "day2": day2,
        "weather": weather, "weather2": weather2, "updown": chance.choice(("up", "down")),
    }  # fmt: skip
