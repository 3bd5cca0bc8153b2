"""Which texts are made of which, and which only look alike?"""

from random import Random

import pytest

from bench import edits, templates
from pipelines.kinship import kinship
from pipelines.prints import KEYS, printed, restored

WIRE = [
    "LEEDS council voted 31 to 12 on Tuesday to close four swimming pools, the first time in 20 years that "
    "the city has given up public baths.",
    'Ann Lee, who chairs the finance board, told the chamber that repairs would cost 9.4 million. "We looked '
    'at every pipe and every tile before we came here tonight," Lee said after the vote.',
    "The pools at Armley, Kirk Road, Bramley and Otley Lane will shut on May 31. Some 2,300 children learn to "
    "swim there each winter, according to figures that the schools office published in January.",
    "Opponents filled the gallery with towels and rubber rings. Bo Berg of the Friends of Kirk Road called the "
    "decision a theft from people who cannot drive to the new arena at Temple Gate.",
    "The council expects to save 1.1 million a year and to lose 46 jobs, most of them part-time. Unions said "
    "that they had been told of the plan only last Thursday, through a letter to members.",
    "A company from Hull offered to run two of the pools for ten years, but asked for a grant of 640,000 that "
    "the board refused. Talks may be taken up again after the elections on May 7.",
    "Leeds opened its first municipal bath in 1895. At one time there were 17; with the closures there will be "
    "five, two of them outdoors and open only from June until the first frost.",
    "The arena at Temple Gate, opened last autumn by the sports minister, has eight lanes and a diving tower. A "
    "family ticket there costs 27.50, about twice what Kirk Road charged.",
]
LOCAL = [
    "In Harbourton the baths on Mill Street will stay open, mayor Sue Pell told the Courier, since they were "
    "rebuilt with lottery money only three winters ago and are full every weekend.",
    "Readers can write to the Courier at its office on Quay Street, or come to the open evening on Friday, when "
    "the sports editor will be there with the architect of the new slide.",
]
LEDE = ["Four pools in a northern city are to go the way of the penny arcade, and families are up in arms."]
CHANCE = Random(5)
EDITS = edits.edits(CHANCE, LEDE, LOCAL)


def text(paragraphs):
    return printed("\n\n".join(paragraphs))


@pytest.mark.parametrize("edit", EDITS)
def test_a_reprint_is_kin(edit):
    assert kinship(text(WIRE), text(EDITS[edit](WIRE))).strength > 0


@pytest.mark.parametrize("edit", ["cut to 20 %", "combined, 40 %", "10 % of characters wrong"])
def test_a_reprint_shares_keys_to_be_found_by(edit):
    shared = set(text(WIRE).keys.tolist()) & set(text(EDITS[edit](WIRE)).keys.tolist())
    assert len(shared) >= 4


@pytest.mark.parametrize("kind", templates.KINDS)
def test_a_template_filled_twice_contradicts_itself(kind):
    for seed in range(20):
        chance = Random(seed)
        one, other = (text(templates.template(kind, chance)) for _ in range(2))
        found = kinship(one, other)
        assert (found.strength, found.contradict) == (0.0, True), seed


@pytest.mark.parametrize("kind", templates.KINDS)
def test_a_template_reprinted_is_kin_though(kind):
    one = templates.template(kind, Random(1))
    assert kinship(text(one), text(edits.light(one, Random(2)))).strength > 0.8


def test_two_reporters_who_heard_the_same_words_are_not_kin():
    other = [
        "Baths in Armley and three other districts of Leeds face the axe after a stormy meeting of councillors.",
        'Finance chief Ann Lee defended the cut: "We looked at every pipe and every tile before we came here '
        'tonight," she said.',
        "Swimmers plan to march from Kirk Road to the town hall on Saturday. Forty-six people will be out of work.",
        "A private operator had been turned away for asking too much, the leader of the opposition told us.",
    ]
    assert kinship(text(WIRE), text(other)).strength == 0.0


def test_background_at_the_foot_of_both_makes_no_kin():
    following = [
        "Swimmers broke into the shuttered Kirk Road baths on Sunday and held a gala by torchlight, police said.",
        "No one was charged. Inspector Hal Moss said that officers had watched from the edge and clapped once.",
        "The organisers, a group of pensioners who call themselves the Otters, had carried water in by bucket.",
        "They plan to come back every Sunday until the council agrees to talk, their speaker Liv Rask said.",
        *WIRE[-2:],
    ]
    assert kinship(text(WIRE), text(following)).strength == 0.0


def test_an_item_of_a_roundup_makes_no_kin():
    items = [
        "In brief. Trams between Ryhope and Selby stand still on Thursday because of a strike over night shifts.",
        "A seal that swam up the river as far as the weir at Keld was carried back to sea by volunteers.",
        WIRE[0],
        "The library at Orby lends drills, ladders and a sewing machine from next week; a card costs 12 a year.",
        "Snow closed the pass at Denby for the third night. Two lorries and a brass band had to turn around.",
        "Thirsk has found its town crier: Otis Garrow, a retired plumber, won the contest by shouting 103 decibels.",
    ]
    assert kinship(text(WIRE), text(items)).strength == 0.0


def test_shares_say_how_much_of_each_is_in_the_other():
    found = kinship(text(WIRE), text([*WIRE[:4], *LOCAL]))
    of_wire, of_reprint = found.shares
    assert of_wire == pytest.approx(edits.count(WIRE[:4]) / edits.count(WIRE), abs=0.02)
    assert of_reprint == pytest.approx(edits.count(WIRE[:4]) / edits.count([*WIRE[:4], *LOCAL]), abs=0.02)


def test_empty_and_tiny_texts_are_kin_of_nobody():
    for tiny in ("", "Rain.", "It rained in Leeds."):
        assert kinship(printed(tiny), text(WIRE)).strength == 0.0
        assert kinship(printed(tiny), printed(tiny)).strength == 0.0


def test_any_script_has_words():
    for said in (
        "大阪で雨が降った。試合は中止となった。" * 4,
        "Дождь остановил матч в Лидсе в пятницу. " * 4,
    ):
        assert printed(said).size > 10


def test_a_print_is_stored_and_restored():
    one = text(WIRE)
    again = restored(one.stored())
    assert again.keys.tolist() == one.keys.tolist()
    assert len(one.keys) == KEYS
    assert len(one.stored()) < 2.5 * one.size
    assert (again.names == one.names).all()
    assert (again.quoted == one.quoted).all()
