"""What no reply may hold: the details by which one could do it. Patterns in every packaged language, in linear time.

They are held against texts that operators write, never against members' messages. A pattern is fixed words and single
classes with bounded repeats, so nothing can backtrack. They err on the side of refusing: "don't go deeper than 4 mm"
teaches a depth as well as its opposite does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_INJECT = (
    r"\binject (?:[a-z]{1,12} ){0,2}"
    r"(?:into|in|at|between|along|near|under|beneath|around) (?:the|your) "
)
_PATTERNS: dict[str, tuple[str, ...]] = {
    "a needle size": (
        r"(?<!\d)[1-3]\d ?g(?![a-z])|\bg ?[23]\d(?!\d)|\bgauge|\bcalibre|\bcalibro|\bkaliber|калибр|калібр",
        r"\bkalibre|ゲージ|게이지|号针|號針|号の針|عيار",
    ),
    "a depth or distance": (
        r"\d ?(?:mm|cm)(?![a-z])",
        r"\d ?(?:millim|centim|milím|centím|milíme|milime|santim|zentim|мм|см|миллим)",
        r"\d ?(?:сантим|міліметр|毫米|厘米|公分|ミリ|センチ|밀리|센티|مم|ملم|سم)",
        r"\bintraderm|\bsubcutan|\bintramusc|皮下注射|真皮层|真皮層",
    ),
    "a dose": (
        r"\d ?(?:ml|cc|mcg|mg|iu|i\.u\.|ui)(?![a-z])",
        r"\d ?(?:units?\b|unidad|unité|unità|einheit|eenhed|eenhei|jednost|ünite|единиц|одиниц|ед\.|од\.|мл)",
        r"\d ?(?:мг|мкг|وحدة|وحدات|مل(?!\w)|ملغ|単位|单位|單位|毫升|毫克|유닛|단위|밀리리터)",
    ),
    "a dilution": (
        r"(?<!\d)(?:1 ?[:：] ?\d{1,3}|\d{1,2} ?[:：] ?\d)(?!\d)|\bdilu|\breconstitu|\bverdünn",
        r"\bverdun(?:n|d)|\brozcieńcz|разбавл|разбавьт|разведит|разводит|розбавл|розбавт|розведіт|розводит",
        r"\bseyrelt|\bsulandır|希釈|薄めて|희석|稀释|稀釋|\bsaline|\bbacteriostat|\bbakteriostat|бактериостат",
        r"физраствор|фізрозчин|生理盐水|生理食塩水|식염수|\bsuero fisiol|\bsoro fisiol|\bsérum physiol",
        r"\bsoluzione fisiol|\bkochsalzlös|\bserum fizyol|محلول ملحي",
    ),
    "an angle": (
        r"(?<!\d)(?:10|15|30|45|60|90) ?(?:[°º](?! ?[cf])|degree|grad\b|grados|degrés|graus|gradi\b)",
        r"(?<!\d)(?:10|15|30|45|60|90) ?(?:graden|stopni|градус|derece|درجة|度|도)",
        r"\bat an angle|\bangle of|\bim winkel|\bángulo de|\bângulo de|\bangle de|под углом|під кутом",
        r"\baçıyla|بزاوية|角度|각도",
    ),
    "a technique": (
        r"\baspirat(?:e|ing) |\bbolus|\bfanning\b|\bnappage|\bblebs?\b|\bretrograde|\bserial puncture",
        r"\bpoint by point",
    ),
    "where to inject": (
        _INJECT + r"(?:face|lip|nose|brow|eye|chin|jaw|cheek|neck|belly|scalp|forehead|skin|fat|muscle)",
        r"\binjection points?\b|\bpuntos de inyec|\bpoints d.injection|\bpontos de inje|\bpunti di iniez",
        r"\binjektionspunkt|\beinstichpunkt|\binjectiepunt|\bpunkt\w{0,3} (?:iniekcji|wkłu)",
        r"точк\w{0,3} (?:инъекц|введени|вкол|ін.єкц|введенн)|\benjeksiyon nokta|نقاط الحقن|주사 ?(?:포인트|점)",
        r"注入ポイント|注射ポイント|刺入点|注射点|注射點|进针点",
    ),
}
_COMPILED = tuple((what, re.compile("|".join(parts), re.IGNORECASE)) for what, parts in _PATTERNS.items())


def how_to_details(text: str) -> Iterator[tuple[str, str]]:
    """Each kind of detail in `text` that teaches how it is done, with the words that do."""
    for what, pattern in _COMPILED:
        if found := pattern.search(text):
            yield what, found[0]
