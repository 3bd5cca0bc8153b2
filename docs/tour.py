"""A tour of the warehouse in ten questions, as a marimo notebook: `marimo edit docs/tour.py`.

It reads the warehouse that WIREHOUSE_HOME (./var) or WIREHOUSE_WAREHOUSE names, read-only, and draws its
pictures itself: nothing is loaded from anywhere.
"""

import marimo

app = marimo.App(width="medium", app_title="The warehouse in ten questions")


@app.cell
def _():
    import html

    import marimo as mo

    import wirehouse

    wh = wirehouse.connect()
    return html, mo, wh, wirehouse


@app.cell
def _(html, mo):
    def bars(rows, label, number):
        """A bar for each row; text of pages is shown as text."""
        most = max([row[number] or 0 for row in rows], default=0) or 1
        lines = [
            f"<tr><td>{html.escape(str(row[label]))}</td><td style='width:60%'>"
            f"<div style='background:#4a7ba6;height:1em;width:{100 * (row[number] or 0) / most:.1f}%'></div>"
            f"</td><td style='text-align:right'>{row[number] or 0:,}</td></tr>"
            for row in rows
        ]
        return mo.Html(f"<table style='width:100%'>{''.join(lines)}</table>")

    def shown(title, answer, picture=None):
        """A question, its picture, and the rows."""
        table = mo.ui.table(answer.df(), selection=None, page_size=10)
        return mo.vstack([mo.md(f"## {title}"), *([picture] if picture else []), table])

    return bars, shown


@app.cell
def _(bars, shown, wh):
    per_source = wh.sql(
        "SELECT source_id, count(*) AS stories FROM stories GROUP BY ALL ORDER BY stories DESC LIMIT 20"
    )
    shown("1. How much is there, from whom?", per_source, bars(per_source.rows(), "source_id", "stories"))
    return


@app.cell
def _(bars, shown, wh):
    per_day = wh.sql("""
        SELECT published_at::DATE AS day, count(*) AS stories FROM stories
        WHERE published_at IS NOT NULL GROUP BY ALL ORDER BY day DESC LIMIT 14""")
    shown("2. How much came in, day by day?", per_day, bars(per_day.rows(), "day", "stories"))
    return


@app.cell
def _(shown, wh):
    latest = wh.sql("""
        SELECT published_at, source_id, headline FROM stories_usable ORDER BY published_at DESC NULLS LAST
        LIMIT 50""")
    shown("3. What is the latest that may be used?", latest)
    return


@app.cell
def _(bars, shown, wh):
    carried = wh.sql("""
        SELECT headline, origin_source_id, outlets, stories FROM coverage ORDER BY outlets DESC, stories
        DESC LIMIT 15""")
    shown(
        "4. What was carried most, reprints counted once?",
        carried,
        bars(carried.rows(), "headline", "outlets"),
    )
    return


@app.cell
def _(bars, shown, wh):
    agencies = wh.sql("""
        SELECT origin_agency, count(*) AS stories, count(*) FILTER (WHERE is_syndicated) AS reprints
        FROM stories WHERE origin_agency IS NOT NULL GROUP BY ALL ORDER BY stories DESC""")
    shown("5. Whose copy is it?", agencies, bars(agencies.rows(), "origin_agency", "stories"))
    return


@app.cell
def _(shown, wh):
    corrected = wh.sql("""
        SELECT corrected_at, source_id, headline, correction_text, sentences_cut, sentences_added
        FROM corrections ORDER BY corrected_at DESC LIMIT 50""")
    shown("6. What was corrected, in whose words?", corrected)
    return


@app.cell
def _(shown, wh):
    standing = wh.sql("""
        SELECT killed_headline, killed_by, killed_at, kind, source_id, url FROM kills_standing ORDER BY
        killed_at DESC""")
    shown("7. Who still carries what was killed?", standing)
    return


@app.cell
def _(shown, wh):
    late = wh.sql("""
        SELECT source_id, day, stories, to_fetch_median::VARCHAR AS to_fetch, to_row_median::VARCHAR AS to_row
        FROM latency ORDER BY day DESC, source_id LIMIT 50""")
    shown("8. How long from publication to our table?", late)
    return


@app.cell
def _(bars, shown, wh):
    sections = wh.sql("""
        SELECT value AS section, sum(stories)::BIGINT AS stories FROM volumes WHERE dimension = 'section'
        GROUP BY ALL ORDER BY stories DESC LIMIT 15""")
    shown("9. What is it about?", sections, bars(sections.rows(), "section", "stories"))
    return


@app.cell
def _(mo):
    words = mo.ui.text(value='rain OR council OR "the town"', label="Words", full_width=True)
    words
    return (words,)


@app.cell
def _(mo, shown, wh, wirehouse, words):
    def found():
        try:
            return shown("10. Which stories have these words?", wh.search(words.value, limit=50))
        except wirehouse.WirehouseError as error:
            return mo.plain_text(str(error))

    found()
    return


if __name__ == "__main__":
    app.run()
