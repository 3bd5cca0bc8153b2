"""What in an address does not say which page it is: tracking, sessions, and views of a page. Pure, tables.

Names are exact or begin with a prefix that only trackers use. A name that may as well
choose a page (`source`, `cid`, `s`) counts only with a value that no page would be
chosen by. Joining two pages loses one of them, keeping two addresses apart costs one
request: in doubt a parameter stays. (That is why courlan's pattern is not asked: it
takes `eid=17`, `cid=4` and `gallery=2` for tracking, and drops `?17` altogether.)
"""

from __future__ import annotations

import re

_PREFIXES = (
    *("utm_", "utm-", "mtm_", "matomo_", "pk_", "piwik_", "hsa_", "at_", "vero_", "oly_", "mkt_", "itm_"),
    *("fb_action_", "nr_email_", "guce_referrer", "ns_mchannel", "ns_source", "ns_campaign", "ns_linkname"),
    *("_branch_", "sfmc_", "int_campaign", "int_source", "int_medium", "ss_campaign", "ss_email", "stm_"),
    *("__hs", "_hs", "wt_mc", "wt.mc", "wt_zmc", "wt.z", "wtmc", "gad_", "trk_", "cxrecs", "traffic_source"),
)

_TRACKING = frozenset(
    # ads and social networks
    "fbclid gclid gclsrc dclid gbraid wbraid msclkid twclid ttclid yclid ysclid igshid igsh li_fat_id"
    " _ga _gl gs_l amp_js_v amp_gsa usqp wickedid rb_clickid epik srsltid"
    " _openstat s_kwcid ef_id obclid dicbo tblci mibextid sfns fb_ref fb_source fbplay"
    " __twitter_impression ref_src ref_url rdt_cid scid"
    # newsletters
    " mc_cid mc_eid mkt_tok trk trkcampaign sc_cid sc_campaign s_cid bxid cndid esrc emci emdi ceid nlid"
    " newsletter_id campaign_id campaignid cmpid cmp icid intcid intcmp int_cmp dgcid ncid ocid cvid"
    # publishers' own
    " smid smtyp smprod sr_share emc partnerref xtor xtref xtcr ito mbid srnd reflink ftag taid soc_src"
    " soc_trk tsrc guccounter echobox spm feedtype feedname __source curator algtrack shareadraft"
    " share_source link_source sharetype share_medium share_id share_token referrer referer refer ref".split()
)

_SESSIONS = frozenset(
    "phpsessid jsessionid sessionid session_id sessid cfid cftoken oscsid zenid aspsessionid".split()
)

_CHANNEL_NAMED = frozenset(
    "source src from via cid xid mod partner campaign medium origin output feed rss soc share nl s sr cmp_id"
    " output_type outputtype link tag_source campaign_source category_source".split()
)
_CHANNEL_WORDS = re.compile(
    r"(?:rss|atom|feed|xml|feedburner|newsletter|email|mail|e-mail|nl|twitter|tw|x|facebook|fb|whatsapp|telegram"
    r"|linkedin|reddit|instagram|pinterest|social|socialflow|share|sharing|homepage|home|front|googlenews"
    r"|google|bing|yahoo|flipboard|applenews|app|push|sitemap|mobile_share)"
    r"(?:[-_:.].*|[0-9]*)?",
    re.I,
)
_LONG_HEX = re.compile(r"[0-9a-f-]{24,}", re.I)

_VIEWS = {
    "amp": re.compile(r"(?:1|true|yes|)", re.I),
    "amphtml": re.compile(r".*"),
    "isamp": re.compile(r".*"),
    "_amp": re.compile(r".*"),
    "outputtype": re.compile(r"(?:amp|print)", re.I),
    "output": re.compile(r"(?:amp|print)", re.I),
    "view": re.compile(r"(?:amp|mobile|print|printable)", re.I),
    "mode": re.compile(r"(?:amp|mobile|print|printable)", re.I),
    "format": re.compile(r"(?:amp|print|printable)", re.I),
    "type": re.compile(r"(?:amp|print)", re.I),
    "version": re.compile(r"(?:amp|mobile|print)", re.I),
    "device": re.compile(r"mobile", re.I),
    "mobile": re.compile(r"(?:1|true|yes|)", re.I),
    "m": re.compile(r"(?:1|true|)", re.I),
    "print": re.compile(r"(?:1|true|yes|)", re.I),
    "printable": re.compile(r"(?:1|true|yes|)", re.I),
    "printer": re.compile(r"(?:1|true|yes|)", re.I),
    "printview": re.compile(r"(?:1|true|yes|)", re.I),
    "pfstyle": re.compile(r".*"),
    "pagewanted": re.compile(r"(?:all|print|1)", re.I),
    "singlepage": re.compile(r"(?:1|true|yes|)", re.I),
    "page": re.compile(r"1"),
}
"""Other views of the page that the rest of the address names; by parameter and value."""

VIEW_HOSTS = frozenset({"m", "mobile", "mobil", "touch", "wap", "amp"})
"""Labels of a host that shows the same pages in another view."""

_PUBLIC = frozenset({"co", "com", "net", "org", "gov", "edu", "ac", "or", "ne", "go", "gob", "nom"})
"""What stands before a country where names are given out one level further down: `co.uk`."""

_INDEX = re.compile(r"/(?:index|default)\.(?:s?html?|php\d?|aspx?|jsp|cfm)$", re.I)
_SESSION_PATH = re.compile(r";(?:jsessionid|phpsessid|sid|sessionid)=[^/;?]*", re.I)
_SUFFIX = re.compile(r"\.(?:amp|print|mobile)(\.s?html?|\.php|)$", re.I)
_LISTS = frozenset(
    ("tag", "tags", "topic", "topics", "thema", "themen", "category", "search", "author", "section", "wiki")
)
"""Before such a word and after it stands a subject: /topic/amp is no view of /topic."""


def tells_nothing(name: str, value: str) -> bool:
    """Is this parameter of a query tracking or a session?

    >>> tells_nothing("utm_source", "x"), tells_nothing("source", "rss"), tells_nothing("source", "17")
    (True, True, False)
    """
    name = name.lower().removeprefix("amp;")  # of an `&amp;` that was printed as it stands
    if name in _TRACKING or name.startswith(_PREFIXES):
        return True
    if name in _SESSIONS or name.startswith("aspsessionid"):
        return True
    if name in ("sid", "s") and _LONG_HEX.fullmatch(value):
        return True
    return name in _CHANNEL_NAMED and _CHANNEL_WORDS.fullmatch(value) is not None


def is_view(name: str, value: str) -> bool:
    """Does this parameter ask for another view (AMP, mobile, print) of the same page?"""
    values = _VIEWS.get(name.lower())
    return values is not None and values.fullmatch(value) is not None


def without_session(path: str) -> str:
    """A path without the session that some servers write into it (`;jsessionid=…`)."""
    return _SESSION_PATH.sub("", path) if ";" in path else path


def main_host(host: str) -> str:
    """The host whose pages a mobile or AMP host shows, without `www.`.

    >>> main_host("amp.wire.example"), main_host("en.m.wire.example"), main_host("m.co.uk")
    ('wire.example', 'en.wire.example', 'm.co.uk')
    """
    labels = host.split(".")
    public = len(labels) > 2 and labels[-2] in _PUBLIC and len(labels[-1]) == 2
    name = -3 if public else -2
    front = [label for label in labels[:name] if label not in VIEW_HOSTS]
    if front[:1] == ["www"]:
        front = front[1:]
    return ".".join(front + labels[name:])


def main_path(path: str) -> str:
    """The path of the page whose AMP, mobile or print view this is.

    >>> main_path("/world/rain/amp/"), main_path("/amp/world/rain-1"), main_path("/world/rain/index.html")
    ('/world/rain', '/world/rain-1', '/world/rain')
    >>> main_path("/topic/amp"), main_path("/print")  # subjects, not views
    ('/topic/amp', '/print')
    """
    path = re.sub("//+", "/", path)
    path = _INDEX.sub("/", path)
    parts = [part for part in path.split("/") if part]
    while (
        len(parts) > 1 and parts[-1].lower() in ("amp", "print", "mobile") and parts[-2].lower() not in _LISTS
    ):
        parts.pop()
    named = bool(parts) and re.search(r"[0-9-]", parts[-1]) is not None
    front = 0
    while front < len(parts) - 1 and (
        parts[front].lower() == "amp" or (named and parts[front].lower() in ("m", "print"))
    ):
        front += 1
    parts = parts[front:]
    inner = [part for n, part in enumerate(parts) if part.lower() != "amp" or not _is_inner(parts, n)]
    path = "/" + "/".join(inner)
    return _SUFFIX.sub(r"\1", path) if len(inner) else path


def _is_inner(parts: list[str], n: int) -> bool:
    return 0 < n < len(parts) - 1 and parts[n - 1].lower() not in _LISTS and "-" in parts[-1]
