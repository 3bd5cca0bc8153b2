"""The commands about what is followed: look at a site as a new source, say what is declared, switch it on."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from pipelines import show
from pipelines.errors import UsageError, WirehouseError
from pipelines.typed import as_json
from pipelines.written import dump


@click.command()
@click.argument("url")
@click.option("--name", help="Of the source; from its host.")
@click.option(
    "--write",
    "folder",
    type=click.Path(path_type=Path),
    help="Put NAME.toml into this folder, made if need be.",
)
@click.option("--overwrite", is_flag=True, help="Replace a file of that name.")
@click.option("--stories", type=click.IntRange(1, 200), default=20, show_default=True, help="To read.")
@click.option("--delay", type=click.FloatRange(0, 60), help="Seconds between two requests; 1.")
@click.option("--private", is_flag=True, help="The host is on a network of yours.")
@as_json
def probe(
    url: str,
    name: str | None,
    folder: Path | None,
    overwrite: bool,
    stories: int,
    delay: float | None,
    private: bool,
    as_json: bool,
) -> None:
    """Look at a site as a new source, and propose the file that declares it.

    Asks robots.txt, the front page (or the feed) at URL, what these name, and some
    stories, by the crawler itself, as politely as ever: that takes a minute or two.
    Nothing is kept or loaded. Exit 1 if there is nothing to declare.
    """
    from pipelines import steps
    from pipelines.probe import site, words

    target = None if folder is None else folder / f"{name or site.name_of(site.address(url))}.toml"
    if target is not None and target.exists() and not overwrite:
        raise WirehouseError(f"{target} is there already: see --name, or --overwrite")
    if (
        folder is not None
        and not folder.is_dir()
        and (folder.exists() or not folder.absolute().parent.is_dir())
    ):
        raise UsageError(f"--write {folder}: there is no such folder")
    wait = None if delay is None else timedelta(seconds=delay)
    report = steps.probe(url, name=name, stories=stories, delay=wait, private=private)
    if as_json:
        click.echo(dump(report))
    else:
        click.echo(words.told(report))
    if report.toml is None:
        raise WirehouseError(f"{report.url}: nothing to declare")
    if target is not None:
        target.parent.mkdir(exist_ok=True)
        show.write(target, report.toml)
        click.echo(f"\n{target}", err=as_json)
    elif not as_json:
        click.echo(f"\n--- {report.name}.toml (--write FOLDER puts it there)\n\n{report.toml}", nl=False)


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--enable", is_flag=True, help="Switch these on here: they get a DAG within a minute.")
@click.option("--disable", is_flag=True, help="Switch these off here, whatever their files say.")
@click.option("--tag", "tags", multiple=True, help="Those with this tag; twice, those with both.")
@click.option("--language", "languages", multiple=True, help="Those in this language; twice, in either.")
@as_json
def sources(
    names: tuple[str, ...],
    enable: bool,
    disable: bool,
    tags: tuple[str, ...],
    languages: tuple[str, ...],
    as_json: bool,
) -> None:
    """What is declared, and whether it is valid; exit 1 if a source is not.

    `--enable` and `--disable` are kept in WIREHOUSE_HOME, not in the sources' files, and
    as names: what a later version brings is not switched on by a tag of today.
    """
    from pipelines import steps

    if enable and disable:
        raise UsageError("sources: --enable or --disable, not both")
    if enable or disable:
        switched = steps.switch(enable, names, tags=tags, languages=languages)
        known = {name: one for name in switched for one in steps.declared_sources(name).values()}
    else:
        known = steps.chosen_sources(names, tags=tags, languages=languages)
    show.sources(known, as_json=as_json)
    wrong = [error for error in known.values() if isinstance(error, WirehouseError)]
    if wrong:
        raise wrong[0]
