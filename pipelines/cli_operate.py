"""The commands of an operator: decide about what is held, ask for something out of turn."""

from __future__ import annotations

import getpass

import click

from pipelines import show
from pipelines.typed import as_json
from pipelines.written import dump

why = click.option("--why", help="Kept with the findings of the run.")


@click.command()
@as_json
def held(as_json: bool) -> None:
    """The batches in quarantine, and why: they are not loaded until somebody decides."""
    from pipelines import quarantine

    found = quarantine.held()
    if as_json:
        click.echo(dump(found))
        return
    for one in found:
        click.echo(quarantine.evidence(one) + "\n")
    if not found:
        click.echo("nothing is held")


@click.command()
@click.argument("batch")
@why
def release(batch: str, why: str | None) -> None:
    """Let a held BATCH be loaded after all."""
    from pipelines import quarantine

    quarantine.release(batch, by=getpass.getuser(), why=why)
    click.echo(f"{batch}: released; `wirehouse load` or the next publish loads it")


@click.command()
@click.argument("batch")
@why
def discard(batch: str, why: str | None) -> None:
    """Leave the stories of a held BATCH out; the next crawl asks for its pages again.

    Its pages stay in the archive, and its ledger is loaded.
    """
    from pipelines import quarantine

    quarantine.discard(batch, by=getpass.getuser(), why=why)
    click.echo(f"{batch}: discarded; the next crawl of its source asks for its pages again")


@click.command()
@click.argument("name", metavar="SOURCE")
@click.argument("urls", nargs=-1, metavar="[URL]...")
@as_json
def recrawl(name: str, urls: tuple[str, ...], as_json: bool) -> None:
    """Fetch pages of a source now, due or not; without a URL, all that its channels name.

    Then extract, check, cluster and load, and print the ledger.
    """
    from pipelines import steps
    from pipelines.errors import CheckFailed

    batch = steps.crawl(name, recrawl=urls).batch
    steps.extract(batch)
    failed = None
    try:
        steps.check(batch)
    except CheckFailed as error:  # what is good is loaded all the same
        failed = error
    steps.load(steps.cluster())
    show.ledger(steps.ledger([batch]), as_json=as_json)
    if failed is not None:
        raise failed


COMMANDS = (held, release, discard, recrawl)
