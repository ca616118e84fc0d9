"""The words by which folders and manifests name the four emotions, in several languages."""
# ruff: noqa: RUF001 - letters of other languages look like ours

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Self

from emotion.card import LABELS
from emotion.errors import UsageError, printable

_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "angry": {
        "English": "angry anger ang fury furious rage",
        "German": "wut wütend wuetend ärger aerger ärgerlich verärgert zorn zornig",
        "Polish": "złość zły zła gniew gniewny wściekłość wściekły",
        "Amharic": "ቁጣ ቁጡ የተቆጣ ንዴት የተናደደ",
        "Greek": "θυμός θυμωμένος θυμωμένη οργή οργισμένος",
        "Chinese": "愤怒 憤怒 生气 生氣 怒",
        "Danish": "vrede vred",
        "Korean": "분노 화남 화난 화",
        "Hindi": "गुस्सा ग़ुस्सा क्रोध क्रोधित नाराज़",
        "Indonesian": "marah kemarahan",
        "Turkish": "öfke öfkeli kızgın kızgınlık sinirli",
        "Spanish": "ira enojo enojado enojada enfado enfadado enfadada rabia furia",
        "French": "colère fâché fâchée énervé énervée",
    },
    "happy": {
        "English": "happy happiness hap joy joyful",
        "German": "freude freudig fröhlich froehlich glücklich gluecklich glück glueck",
        "Polish": "radość radosny radosna szczęście szczęśliwy szczęśliwa wesoły wesoła",
        "Amharic": "ደስታ ደስተኛ",
        "Greek": "χαρά χαρούμενος χαρούμενη ευτυχία ευτυχισμένος",
        "Chinese": "高兴 高興 开心 開心 快乐 快樂 喜悦 喜悅 喜",
        "Danish": "glæde glad",
        "Korean": "기쁨 기쁜 행복 행복한",
        "Hindi": "खुशी ख़ुशी खुश ख़ुश प्रसन्न आनंद",
        "Indonesian": "senang bahagia gembira kebahagiaan kegembiraan",
        "Turkish": "mutlu mutluluk neşe neşeli sevinç",
        "Spanish": "alegría alegre feliz felicidad contento contenta",
        "French": "joie joyeux joyeuse heureux heureuse bonheur",
    },
    "neutral": {
        "English": "neutral neutrality neu",
        "German": "neutral neutralität",
        "Polish": "neutralny neutralna neutralne neutralność",
        "Amharic": "ገለልተኛ",
        "Greek": "ουδέτερος ουδέτερη ουδέτερο ουδετερότητα",
        "Chinese": "中性 中立",
        "Danish": "neutral neutralt",
        "Korean": "중립 중성",
        "Hindi": "तटस्थ सामान्य",
        "Indonesian": "netral",
        "Turkish": "nötr tarafsız",
        "Spanish": "neutral neutro neutra",
        "French": "neutre",
    },
    "sad": {
        "English": "sad sadness sorrow",
        "German": "traurig trauer traurigkeit",
        "Polish": "smutek smutny smutna",
        "Amharic": "ሀዘን ሐዘን ኀዘን ሃዘን ያዘነ",
        "Greek": "λύπη λυπημένος λυπημένη θλίψη θλιμμένος",
        "Chinese": "悲伤 悲傷 伤心 傷心 难过 難過 悲",
        "Danish": "tristhed trist sorg bedrøvet",
        "Korean": "슬픔 슬픈",
        "Hindi": "दुख दुःख दुखी उदास उदासी",
        "Indonesian": "sedih kesedihan",
        "Turkish": "üzgün üzüntü hüzün mutsuz",
        "Spanish": "triste tristeza",
        "French": "triste tristesse",
    },
}
"""By label and language, as people write them; `bare` compares them."""

_LETTERS: Final = str.maketrans({"ı": "i", "ł": "l", "ø": "o", "æ": "ae"})
"""Letters that Unicode does not take apart into a letter and its accent."""


@lru_cache(maxsize=4096)
def bare(word: str) -> str:
    """Take case, accents, blanks, hyphens and underscores away."""
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    letters = (letter for letter in decomposed if not unicodedata.combining(letter))
    return "".join(letter for letter in letters if letter not in " _-").translate(_LETTERS)


_TABLE: Final = {
    bare(word): label
    for label, languages in _WORDS.items()
    for words in languages.values()
    for word in words.split()
}


@dataclass(frozen=True, slots=True)
class LabelWords:
    """Find the label that a word stands for: by words of the user, then by the built-in table."""

    own: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_options(cls, options: Iterable[str]) -> Self:
        """Read what users give to ``--map``, such as ``calm=neutral``."""
        own: dict[str, str] = {}
        for option in options:
            word, _, meant = option.rpartition("=")
            label = _TABLE.get(bare(meant))
            if not bare(word) or label is None:
                raise UsageError(
                    f"--map {printable(option)!r} is no WORD=EMOTION; the emotions are {', '.join(LABELS)}"
                )
            if own.setdefault(bare(word), label) != label:
                raise UsageError(f"--map gives {printable(word)} twice, as {own[bare(word)]} and as {label}")
        return cls(own)

    def label_of(self, word: str) -> str | None:
        """Give the label; None where the word is none of an emotion."""
        name = bare(word)
        return self.own.get(name) or _TABLE.get(name)
