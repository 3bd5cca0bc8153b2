"""Furniture: lines that stand inside a story's text on a page and are no part of it. Pure.

Tables by language; a line is judged alone, by its words, so a rule here must be one
that no sentence of a story can match. What stands *where* is judged in `body`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from pipelines import bylines, wire

_SHORT = 180
"""Characters; a longer line is copy, whatever it begins with."""

_LINKS_ON = re.compile(
    r"""^\W*(?:
      (?:read|see|watch|listen|view|explore|discover|learn|find\ out|click|tap|check\ out)\s+(?:more|also|next|now|here|the\ full|full|all|our|it\ here)\b(?!.{90})(?!.*[.!?]$) | (?:click|tap)\ here\b(?!.{90})
    | (?:read|see|watch|view|listen|related|also\ read|also\ see|also\ on|more(?:\ (?:from|on|in|about|stories|news|coverage|like\ this))?|recommended|don['’]?t\ miss|must\ read|in\ case\ you\ missed\ it|up\ next|more\ to\ read|further\ reading|editor['’]?s\ picks?|related\ (?:stories|articles|content|coverage|posts|topics|reading|links|news|video))\s*[:|»›>→]
    | (?:related|related\ (?:stories|articles|content|coverage|posts|topics|reading|links|news|videos?)|read\ more|most\ read|most\ popular|trending(?:\ now)?|latest(?:\ news| stories)?|top\ stories|more\ (?:stories|news|from\ .{2,40}|on\ .{2,40}|in\ .{2,30})|what\ to\ read\ next|you\ (?:may|might)\ (?:also\ )?like.{0,20}|recommended(?:\ (?:stories|for\ you|reading|articles))?|popular\ now|share|share\ this(?:\ (?:article|story|page|post))?|comments?|topics|tags|story\ continues|article\ continues\ below|continue\ reading|scroll\ (?:down\ )?to\ continue.{0,40}|story\ continues\ below.{0,30}|keep\ reading|show\ more|load\ more|back\ to\ top|read\ the\ full\ story.{0,40}|read\ full\ article|view\ comments|leave\ a\ comment|join\ the\ (?:conversation|discussion).{0,30}|jump\ to\ comments|skip\ to\ .{3,30})\W*$
    | (?:mehr\ (?:zum\ thema|dazu|lesen|zu|aus|von|über|nachrichten|infos?)|lesen\ sie\ (?:auch|mehr|hier|dazu)|lesen\ sie\ jetzt|siehe\ auch|weiterlesen|lest\ (?:auch|mehr|hier)|auch\ (?:interessant|lesenswert)|das\ könnte\ (?:sie|dich|ihnen).{0,40}|hier\ (?:lesen|geht\ es|geht['’]s|gibt\ es|finden)\b|zum\ thema|weitere\ (?:informationen|artikel|nachrichten|meldungen|themen)|mehr\ zum\ thema|passend\ dazu|empfohlener\ (?:externer\ )?inhalt|empfehlungen|ebenfalls\ interessant|themen|schlagworte|teilen|artikel\ teilen|kommentare?|nach\ oben|meistgelesen|aus\ dem\ archiv|überblick|zur\ (?:startseite|übersicht)|jetzt\ lesen|video\ des\ tages|die\ wichtigsten\ nachrichten)\b(?:\s*[:|»›>→].*|[^.]{0,70})$
    | (?:lire\ (?:aussi|également|la\ suite|plus)|à\ lire(?:\ aussi|\ également)?|voir\ aussi|sur\ le\ même\ (?:sujet|thème)|pour\ aller\ plus\ loin|notre\ (?:dossier|vidéo)|regarder\ aussi|partager|à\ voir\ aussi|en\ savoir\ plus)\b(?:\s*[:|»›>→].*|[^.]{0,70})$
    | (?:lea\ (?:también|además|más)|lee\ (?:también|además|más)|leer\ (?:también|más)|te\ puede\ interesar|le\ puede\ interesar|puede\ interesarle|más\ (?:información|noticias)|mira\ también|vea\ también|ver\ más|noticias\ relacionadas|también\ te\ puede|relacionad[ao]s?|compartir|sigue\ leyendo|archivado\ en|más\ en)\b(?:\s*[:|»›>→].*|[^.]{0,70})$
    | (?:leia\ (?:também|mais)|veja\ (?:também|mais)|saiba\ mais|confira\ também|leia\ a\ íntegra|compartilhe|mais\ lidas)\b(?:\s*[:|»›>→].*|[^.]{0,70})$
    | (?:leggi\ (?:anche|di\ più)|guarda\ anche|vedi\ anche|per\ approfondire|approfondimenti|articoli\ correlati|condividi|continua\ a\ leggere)\b(?:\s*[:|»›>→].*|[^.]{0,70})$
    | (?:lees\ (?:ook|meer|verder)|bekijk\ ook|zie\ ook|meer\ (?:over|nieuws)|deel\ dit)\b(?:\s*[:|»›>→].*|[^.]{0,70})$
    | (?:les\ (?:også|mer|videre|hele)|læs\ (?:også|mere)|se\ (?:også|video)|läs\ (?:också|mer|även)|lue\ (?:myös|lisää)|katso\ myös|hør\ også|relaterte)\b(?:\s*[:|»›>→].*|[^.]{0,90})$
    | (?:czytaj\ (?:także|też|więcej|również)|zobacz\ (?:także|też|również|więcej)|przeczytaj\ także|reklama|pozostało\ \d+%.{0,30}|polecamy|więcej\ na\ ten\ temat|čtěte\ (?:také|i|více)|čítajte\ (?:aj|tiež)|viz\ též|olvassa\ el|kapcsolódó|citește\ (?:și|mai)|pročitajte|preberite|opširnije)\b(?:\s*[:|»›>→].*|[^.]{0,90})$
    | (?:читайте\ (?:также|ещё|еще|далее)|смотрите\ также|по\ теме|подробнее|материалы\ по\ теме|читайте\ також|дивіться\ також|більше\ по\ темі|вижте\ още|прочетете)\b(?:\s*[:|»›>→].*|[^.]{0,90})$
    | (?:διαβάστε\ (?:επίσης|ακόμη)|δείτε\ (?:επίσης|ακόμη)|ilgili\ haberler?|ayrıca\ oku|taip\ pat\ skaitykite|susiję|skaitykite\ taip\ pat|loe\ ka|lasi\ (?:arī|vēl))\b.{0,90}$
    | (?:baca\ (?:juga|selengkapnya)|lihat\ juga|simak\ juga|xem\ thêm|đọc\ thêm|tin\ liên\ quan)\b.{0,120}$
    | (?:यह\ भी\ पढ़ें|ये\ भी\ पढ़ें|पढ़ें\ पूरी|और\ पढ़ें|इसे\ भी\ पढ़ें|आगे\ पढ़ें)
    | (?:اقرأ\ (?:أيضا|المزيد)|שתפו|קראו\ (?:גם|עוד)|عاجل\ على|بیشتر\ بخوانید)
    | (?:関連(?:記事|ニュース)|あわせて読みたい|こちらもおすすめ|続きを読む|【?関連|おすすめ(?:記事)?|相关(?:阅读|新闻|报道)|相關(?:閱讀|新聞)|延伸閱讀|推荐阅读|更多新闻|관련\ ?기사|더\ ?보기|이\ 기사를\ 공유|함께\ 보면|▶|☞|◀|►)
    )""",
    re.I | re.X,
)
_BEGS = re.compile(
    r"""(?:
      \bsign\ up\ (?:for|to|here|now|below)\b | \bsubscribe\ (?:to|for|now|here|today)\b | \bnewsletters?\b.{0,60}\b(?:sign|subscribe|inbox|here|free|daily|email|e-mail)
    | \b(?:in|to|into)\ your\ (?:inbox|mailbox|email)\b | \bfollow\ (?:us|him|her|them|me|@|\w+\ on\ (?:twitter|x|facebook|instagram|google|threads|bluesky|youtube|whatsapp|telegram))
    | \b(?:download|get)\ (?:the|our)\ (?:free\ )?\w*\ ?app\b | \bjoin\ our\ (?:whatsapp|telegram|facebook|newsletter|community)\b | \badd\ us\ as\ a\ preferred\ source
    | \b(?:please|consider|kindly)\b.{0,40}\b(?:donat|support(?:ing)?\ (?:us|our)|subscrib|log\ ?in|register|enable\ (?:javascript|cookies)|disable\ (?:your\ )?ad) | \bad\ ?-?block(?:er)?\b.{0,60}\b(?:disable|enabled|users|turn)
    | \byou\ (?:can\ )?unsubscribe\ at\ any\ time\b | \bby\ (?:clicking|signing\ up|subscribing|submitting)\b.{0,80}\b(?:agree|accept|terms)
    | \bour\ (?:standards|privacy\ policy|terms\ of\ (?:use|service))\b.{0,60}(?:$|:) | \breport\ (?:a|an)\ (?:typo|error|correction)\b | \bif\ you\ (?:spot|see)\ (?:a|an)\ (?:error|mistake|typo)\b
    | \bhave\ (?:a\ (?:story|tip|question|comment)|an?\ (?:story\ )?tip)\b.{0,60}\b(?:email|contact|send|let\ us|get\ in\ touch) | \bgot\ a\ (?:story|tip|news\ tip)\b | \bcontact\ (?:the\ author|the\ reporter|our\ newsroom)\b | \b(?:e-?mail|contact)\s+(?:\w+\ ){0,4}at\s+\S+@\S+
    | \b(?:newsletter|whatsapp-?kanal|push-?(?:nachrichten|benachrichtigung|mitteilung)\w*)\b.{0,90}\b(?:abonnieren|anmelden|bestellen|folgen|jetzt|erhalten|aktivieren|kostenlos|hier|einstellungen)\b | \b(?:abonnieren|folgen)\ sie\b.{0,80}\b(?:newsletter|kanal|whatsapp|instagram|facebook|uns)\b
    | \bfolgen\ sie\ uns\b | \bjetzt\ (?:abonnieren|anmelden|testen|registrieren|kostenlos|herunterladen)\b | \bmelden\ sie\ sich\b.{0,40}\ban\b | \bder\ datenschutz\b.{0,40}\bklick | \bein\ klick\ für\ den\ datenschutz\b | \bexterner\ inhalt\b | \bempfohlener\ (?:externer|redaktioneller)\ inhalt\b | \binhalte?\ (?:von|aus)\ .{0,60}\b(?:angezeigt|zustimm|geladen|akzeptier) | \bmehr\ dazu\ in\ unsere[rn]\ datenschutz | \bdiese\ (?:anzeige|inhalte?)\ wird?\b | \bihre\ (?:meinung|daten)\ ist\ uns\b
    | \babonne[zr]-?\s?vous\b | \binscrivez-?\s?vous\b | \bsuivez-?\s?nous\b | \bpour\ (?:lire|accéder|consulter)\b.{0,60}\babonn | \bil\ vous\ reste\b.{0,40}\bà\ lire\b
    | \bsuscr[ií]b(?:ete|ase|irse|e\ )\b | \bsíguenos\b | \bsigue\ (?:toda\ )?la\ (?:información|actualidad)\b | \brecibe?\ (?:nuestr|la\ newsletter|cada)\b.{0,60} | \binscreva-?se\b | \bsiga\ o\b.{0,40}\b(?:instagram|whatsapp|canal|google)\b | \biscriviti\b | \bsegui(?:ci)?\ (?:su|il\ nostro)\b.{0,60} | \bschrijf\ je\ in\b | \babonneer\b
    | \bmeld\ deg\ på\b | \bfølg\ oss\b | \bprenumerera\b | \bfölj\ oss\b | \btilaa\b.{0,30}\buutiskirje | \bzapisz\ się\b.{0,60}\bnewsletter | \bподпи(?:сывайтесь|шитесь|саться)\b | \bпідписуйтесь\b | \bприєднуйтесь\b
    | 会員登録|有料会員|無料会員|残り[\d:：]+文字|メルマガ|구독(?:하기|신청)|무단\ ?전재|재배포\ ?금지|저작권자|扫一扫|下载.{0,10}客户端|關注我們|ऐप\ डाउनलोड|डाउनलोड\ कर|फॉलो\ कर|दैनिक\ भास्कर\ ऐप|ऐप\ पर
    )""",
    re.I | re.X,
)
_MAY_BEG = re.compile(
    "sign|subscri|newsl|inbox|mailbox|e-?mail|follow|app|join|preferred|donat|support|log|register|enable|disable|block"
    "|agree|accept|terms|standards|privacy|report|spot|error|tip|story|question|contact|abonn|folgen|push|meld|datenschutz"
    "|inhalt|anzeige|meinung|vous|suscr|suscrí|sígue|sigue|recib|inscrev|siga|iscri|segui|schrijf|følg|prenum|följ|tilaa|zapisz"
    "|под|під|при|会員|残り|メルマガ|구독|전재|재배포|저작권|扫一扫|客户端|關注|ऐप|डाउन|फॉलो|भास्कर"
)
"""Costs a tenth of the search for which it decides."""
_MARKERS = re.compile(
    r"""^\W*(?:advertisement|ad|ads|sponsored(?:\ (?:content|post))?|anzeige|werbung|publicité|publicidad|publicidade|pubblicità|reklama|reklame|annons|annonse|advertentie|
    реклама|広告|廣告|광고|iklan|reklam|promoted|paid\ content|loading\W*|video|audio|photo|photos|image|gallery|slideshow|fotostrecke|bilderstrecke|listen|listen\ to\ (?:this\ )?(?:article|story).{0,30}|
    print|e-?mail|copy\ link|link\ copied.{0,2}|save|bookmark|facebook|twitter|whatsapp|linkedin|reddit|pinterest|telegram|x|instagram|flipboard|
    close|menu|search|login|log\ in|sign\ in|subscribe|newsletters?|home|toggle\ caption|hide\ caption|enlarge|expand|play|pause|view\ (?:image|gallery)\ .{0,20}|
    \d+\ comments?|be\ the\ first\ to\ comment.{0,40}|schließen|drucken|vorlesen|merken|zurück|artikel\ anhören.{0,30}|
    opens?\ (?:in\ )?(?:a\ )?new\ (?:tab|window)|コピー.{0,8}|कॉपी\ लिंक|\d{1,2}\ ?min(?:ute)?s?\ read|\d{1,2}[:.]\d{2}\ ?min|lesezeit.{0,20}|reading\ time.{0,20}|temps\ de\ lecture.{0,20}|
    (?:this\ (?:article|story)\ (?:was|is)\ (?:originally|first)\ (?:published|appeared)|originally\ published\ (?:on|by|in|at)|first\ published\ (?:on|in|by)|this\ (?:article|story)\ (?:first|originally)\ appeared)\b.{0,150}|
    all\ rights\ reserved.{0,60}|alle\ rechte\ vorbehalten.{0,40}|riproduzione\ riservata.{0,60}|todos\ los\ derechos\ reservados.{0,40}|tous\ droits\ (?:de\ reproduction\ )?réservés.{0,60}|
    end\ of\ (?:the\ )?(?:article|story|document)|\(?end\)?|ends|_{3,}|-{3,}|\*{3,}|\#{2,}|●|■)\W*$""",
    re.I | re.X,
)
_CAPTION = re.compile(
    r"""(?:^\(?(?:photo|image|picture|foto|bild|symbolbild|archivbild|archivfoto|photograph|file\ photo|credit|crédit|photo\ credit|fotos?|imagen|imagem|kuva|zdjęcie|fot\.|фото|写真|사진)\s*(?:credit|by|von|de|:|：|/|©|\()\s*.{2,120}$)
      | (?:\((?:photo|image|foto|bild|ap\ photo|file|courtesy|photo\ by|photo\ courtesy|credit|reuters|getty).{0,100}\)\.?$)
      | (?:[/|(©,\s](?:getty\ images|afp\ via\ getty|shutterstock|istock|imago(?:-images)?|picture[\s-]alliance|ap\ photo|alamy(?:\ stock\ photo)?|unsplash|anadolu\ via|nurphoto|zuma|pixabay|adobe\ ?stock|epa-efe|epa|via\ ap|via\ reuters|handout)\W{0,3}\S{0,30}\)?\.?$)""",
    re.I | re.X,
)
_TIMES = re.compile(
    r"^\W*(?:(?:last\s+)?(?:updated?|published|posted|modified|first\s+published|aktualisiert|veröffentlicht|stand|erstellt|geändert|"
    r"actualizado|publicado|publié|mis\s+à\s+jour|modifié|pubblicato|aggiornato|bijgewerkt|gepubliceerd|oppdatert|publisert|opdateret|"
    r"publicerad|uppdaterad|julkaistu|päivitetty|opublikowano|aktualizacja|publikacja|publikováno|опубликовано|обновлено|оновлено|"
    r"atualizado|diterbitkan|güncelleme|yayınlanma|更新|公開|配信|掲載|입력|수정|등록|发布|發布|प्रकाशित|अपडेट)(?!\w)\W*(?:on|at|am|le|el|il|op|em|:)?\W*)+"
    r"(?:\W*.{0,90})$",
    re.I,
)
_BARE_TIME = re.compile(
    r"^\W*(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?,?\s+)?(?:\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}[-./年]\s?\d{1,2}[-./月]\s?\d{1,2}日?|"
    r"\d{1,2}\.?\s+[^\W\d_]{3,12}\.?,?\s+\d{4}|[^\W\d_]{3,12}\.?\s+\d{1,2},?\s+\d{4})(?:\W{0,4}(?:\d{1,2}[:.h時]\d{2}(?:[:.]\d{2})?分?)?(?:\s*(?:uhr|[ap]\.?m\.?|[A-Z]{2,5}))?)?\W*$",
    re.I,
)


@lru_cache(maxsize=2_000)
def is_furniture(line: str) -> bool:
    """Is this line furniture by its words alone?

    >>> [is_furniture(l) for l in ("Read more: Rain in Lille", "Sign up for our newsletter here", "Rain fell on Lille.")]
    [True, True, False]
    >>> is_furniture("Read more books, the minister said, and you will see that rain has always fallen on Lille.")
    False
    """
    if len(line) <= 3 and not any(c.isalpha() for c in line):
        return True
    if len(line) <= _SHORT and (_MARKERS.match(line) or _LINKS_ON.match(line)):
        return True
    if len(line) <= 320 and _MAY_BEG.search(line.casefold()) and _BEGS.search(line) and not _quoted(line):
        return True
    return is_time_line(line) or is_caption(line) or wire.is_notice(line) or wire.is_rights_line(line)


def is_time_line(line: str) -> bool:
    """Does the line only say when the page was published or changed?

    >>> is_time_line("Updated: Tue, 15 Nov 2022 15:49:10 GMT"), is_time_line("Updated figures show rain.")
    (True, False)
    """
    if len(line) > 130:
        return False
    if _BARE_TIME.match(line):
        return True
    return bool(_TIMES.match(line)) and bool(re.search(r"\d", line)) and not re.search(r"[a-z]{3,}\.$", line)


def is_caption(line: str) -> bool:
    """Is the line the caption or credit of a picture that is not there?"""
    return len(line) <= 400 and bool(_CAPTION.search(line))


def is_signature(line: str, agency: str | None = None) -> bool:
    """Does the line only say who wrote or sent the story?

    >>> is_signature("By Kylie Atwood, CNN"), is_signature("Source: CNN"), is_signature("(dpa)")
    (True, True, True)
    """
    return (
        bylines.looks_like_byline(line)
        or wire.credit_of_line(line, agency) is not None
        or bool(_DESK.match(line))
    )


_DESK = re.compile(
    r"^\(?(?:(?:additional |with )?reporting (?:by|from)|writing by|edit(?:ing|ed) by|compiled by|translated by|written by|with (?:inputs|files) from|"
    r"redaktion|bearbeitet von|mit agenturmaterial|mitarbeit)\s*[: ].{3,200}\)?$",
    re.I,
)


def _quoted(line: str) -> bool:
    return line[:1] in "\"“„«'‘" and len(line) > 60


_CHANGE = re.compile(
    r"updat|modif|aktualis|geändert|actualiz|mis à jour|aggiornat|bijgewerkt|oppdatert|opdateret|uppdater|päivitet|обновл|оновл|更新|수정|अपडेट|güncelle",
    re.I,
)
_TIME_WORDS = re.compile(
    r"^\W*(?:(?:last\s+)?[^\W\d_]+(?:\s+(?:on|at|am|le|el|il|op|em|à jour))?\s*:\s*|(?:last\s+)?(?:updated?|published|posted|veröffentlicht|aktualisiert|publié|publicado|actualizado|publicerad|stand)\s+(?:(?:on|at|am|le|el)\s+)?)",
    re.I,
)
_TIMES_TAIL = re.compile(
    r"\s*(?:[|•·–—,-]\s*)?(?:(?:last\s+)?(?:updated|published|posted|modified|aktualisiert|veröffentlicht|stand|publié|actualizado|publicado|pubblicato|aggiornato)\b.*|\d{1,2}[./]\d{1,2}[./]\d{2,4}.*)$",
    re.I,
)


def is_change_time(line: str) -> bool:
    """Does a time line say when the page was changed, not when it came out?"""
    return bool(_CHANGE.search(line))


def time_of(line: str) -> str:
    """The time in a time line, without the words before it.

    >>> time_of("Posted: Tuesday, November 15, 2022 at 3:49 PM")
    'Tuesday, November 15, 2022 at 3:49 PM'
    """
    return _TIME_WORDS.sub("", line).strip() or line


def without_times(byline: str) -> str:
    """A printed byline without a time that runs on from it."""
    return _TIMES_TAIL.sub("", byline).strip() or byline
