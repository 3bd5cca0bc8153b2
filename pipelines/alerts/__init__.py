"""Tell people what is wrong: one message per cause, when it begins, gets worse, lasts and is over.

troubles, marks ─▸ plan (pure: what is due?) ─▸ words (pure: how it reads) ─▸ channels (mail, webhook …)
                    ▴ memory: `<data>/.alerts/`, what was told, who is muted, which tasks failed ▾
"""
