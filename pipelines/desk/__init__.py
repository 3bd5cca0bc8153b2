"""The operators' desk: which source is sick, since when and why; where did this URL go?

    store.desk, store.desk_story ─ rows ─▸ glance, trail (pure) ─ JSON ─▸ answers ─▸ plugins/desk.py

Nothing here writes: the desk shows what the steps left behind.
"""
