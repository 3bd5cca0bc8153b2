"""What a source's channels announce: feeds, sitemaps and section pages → leads. Pure.

reading ▸ feed | jsonfeed | sitemap | section ▸ links ▸ said ▸ days
archives, parts: which further channels are to be asked, and which leads are of the days wanted
"""

from pipelines.channels.reading import read
from pipelines.channels.said import Channel, NotAChannel, Part

__all__ = ["Channel", "NotAChannel", "Part", "read"]
