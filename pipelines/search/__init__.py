"""Find stories by their words: one grammar, one command, on every warehouse.

    what is typed ─ question ─▸ a tree of words ─ matching, or the server ─▸ story_ids, best first ─
    finding ─▸ hits

What is a word is said once (`words`), for texts and for questions. A lake has no index of its own: one
is kept beside it (`matching`, `following`), made of what is in `stories` and of nothing else. It may be
thrown away at any time; the next search makes it again.
"""
