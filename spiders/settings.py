"""How we behave on the network: polite, bounded, and who we say we are.

What differs between sources stands in their TOML (`delay`, `budget`, …) and is set
over these by `spiders.__main__`. Scrapy's defaults that would be wrong here:
robots.txt ignored, certificates unchecked, bodies up to 1 GiB, an HTTP server that
executes Python.
"""

from importlib.metadata import version

BOT_NAME = "wirehouse"
SPIDER_MODULES = ["spiders.source"]
USER_AGENT = f"Wirehouse/{version('wirehouse')} (news crawler; obeys robots.txt)"
ROBOTSTXT_USER_AGENT = "Wirehouse"

# Polite
ROBOTSTXT_OBEY = True
CONCURRENT_REQUESTS = 8
CONCURRENT_REQUESTS_PER_DOMAIN = 1  # one page at a time
DOWNLOAD_DELAY = 1.0  # seconds; the source's `delay`, or robots.txt's if that is longer
DOWNLOAD_DELAY_JITTER = 0.2
AUTOTHROTTLE_ENABLED = True  # `spiders.throttle`: wait longer where the server is slow
AUTOTHROTTLE_START_DELAY = 0.0
AUTOTHROTTLE_TARGET_CONCURRENCY = 0.5  # as long again as the server took
AUTOTHROTTLE_MAX_DELAY = 60.0
RETRY_TIMES = 1
RETRY_EXCEPTIONS = [  # not what took its whole time already: the next crawl tries that again
    "scrapy.exceptions.DownloadConnectionRefusedError",
    "scrapy.exceptions.DownloadFailedError",
    "scrapy.exceptions.ResponseDataLossError",
    "twisted.internet.error.ConnectError",
    "twisted.internet.error.ConnectionLost",
]
RETRY_GIVE_UP_LOG_LEVEL = "INFO"  # the ledger tells how it ended
COOKIES_ENABLED = False
REFERRER_POLICY = "no-referrer"

# Bounded
DOWNLOAD_TIMEOUT = 30  # seconds for the whole answer, so that a slow body ends too
DOWNLOAD_RATE_WINDOW = 10.0  # seconds in which an answer must bring `connection.SLOWEST` bytes each
DOWNLOAD_MAXSIZE = 20 * 1024 * 1024  # bytes, before and after decompression
DOWNLOAD_WARNSIZE = 0
DNS_TIMEOUT = 15
REDIRECT_MAX_TIMES = 5
URLLENGTH_LIMIT = 0  # `urls.absolute` has judged it, and its lead would vanish here
METAREFRESH_ENABLED = False

# Safe
DOWNLOAD_VERIFY_CERTIFICATES = True
REMOTE_CONTROL_ENABLED = False
TELNETCONSOLE_ENABLED = False
HTTPPROXY_ENABLED = False  # through a proxy the guard could not see where we connect
HTTPAUTH_USER = ""
DOWNLOAD_HANDLERS = {
    "http": "spiders.connection.GuardedHandler",
    "https": "spiders.connection.GuardedHandler",
    "data": None,
    "file": None,
    "ftp": None,
    "s3": None,
}
TWISTED_DNS_RESOLVER = "spiders.guards.PublicResolver"

HTTPERROR_ALLOW_ALL = True  # a 404 is an outcome, not an error
DUPEFILTER_CLASS = "scrapy.dupefilters.BaseDupeFilter"  # the spider knows its leads

DEFAULT_REQUEST_HEADERS = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,application/feed+json;q=0.9,*/*;q=0.5",
    "Accept-Encoding": "gzip, deflate, br",  # what `store.archive` can undo
}

DOWNLOADER_MIDDLEWARES = {
    "spiders.guards.AddressGuard": 90,  # before robots.txt is asked for
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "spiders.robots.StrictRobots": 100,
    "spiders.rests.RestMiddleware": 110,
    "spiders.guards.PackingGuard": 595,  # above the archive, below decompression
    "spiders.rights.RightsMiddleware": 895,  # below the archive: what is left out is not kept either
    "spiders.archive.ArchiveMiddleware": 890,  # below redirects and decompression: all, as received
}

# Cheap: per answer, Scrapy would start a task for each of 100 items and read our source
CONCURRENT_ITEMS = 1
WARN_ON_GENERATOR_RETURN_VALUE = False

EXTENSIONS = {
    "spiders.crawl_log.CrawlLog": 0,
    "spiders.throttle.Throttle": 0,
    "scrapy.extensions.throttle.AutoThrottle": None,
    "scrapy.extensions.feedexport.FeedExporter": None,
}

LOG_ENABLED = False  # `spiders.__main__` writes JSON lines instead
LOG_INSTALL_ROOT_HANDLER = False
LOGSTATS_INTERVAL = 15.0
STATS_DUMP = False
"""Stats go to the parent with the last line."""
