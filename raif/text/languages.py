"""Languages by the names and codes that data gives them, as the codes of ISO 639-1."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache

from raif.text.langdetect.language import CHINESE, NAMES

_ISO = """
aa Afar, ab Abkhazian, ae Avestan, af Afrikaans, ak Akan, am Amharic, an Aragonese, ar Arabic, as Assamese,
av Avaric, ay Aymara, az Azerbaijani, ba Bashkir, be Belarusian, bg Bulgarian, bi Bislama, bm Bambara,
bn Bengali, bo Tibetan, br Breton, bs Bosnian, ca Catalan, ce Chechen, ch Chamorro, co Corsican, cr Cree,
cs Czech, cu Church Slavonic, cv Chuvash, cy Welsh, da Danish, de German, dv Divehi, dz Dzongkha, ee Ewe,
el Greek, en English, eo Esperanto, es Spanish, et Estonian, eu Basque, fa Persian, ff Fulah, fi Finnish,
fj Fijian, fo Faroese, fr French, fy Western Frisian, ga Irish, gd Scottish Gaelic, gl Galician, gn Guarani,
gu Gujarati, gv Manx, ha Hausa, he Hebrew, hi Hindi, ho Hiri Motu, hr Croatian, ht Haitian, hu Hungarian,
hy Armenian, hz Herero, ia Interlingua, id Indonesian, ie Interlingue, ig Igbo, ii Sichuan Yi, ik Inupiaq,
io Ido, is Icelandic, it Italian, iu Inuktitut, ja Japanese, jv Javanese, ka Georgian, kg Kongo, ki Kikuyu,
kj Kuanyama, kk Kazakh, kl Kalaallisut, km Khmer, kn Kannada, ko Korean, kr Kanuri, ks Kashmiri, ku Kurdish,
kv Komi, kw Cornish, ky Kyrgyz, la Latin, lb Luxembourgish, lg Ganda, li Limburgish, ln Lingala, lo Lao,
lt Lithuanian, lu Luba-Katanga, lv Latvian, mg Malagasy, mh Marshallese, mi Maori, mk Macedonian,
ml Malayalam, mn Mongolian, mr Marathi, ms Malay, mt Maltese, my Burmese, na Nauru, nb Norwegian Bokmål,
nd North Ndebele, ne Nepali, ng Ndonga, nl Dutch, nn Norwegian Nynorsk, no Norwegian, nr South Ndebele,
nv Navajo, ny Chichewa, oc Occitan, oj Ojibwa, om Oromo, or Oriya, os Ossetian, pa Punjabi, pi Pali,
pl Polish, ps Pashto, pt Portuguese, qu Quechua, rm Romansh, rn Rundi, ro Romanian, ru Russian,
rw Kinyarwanda, sa Sanskrit, sc Sardinian, sd Sindhi, se Northern Sami, sg Sango, si Sinhala, sk Slovak,
sl Slovenian, sm Samoan, sn Shona, so Somali, sq Albanian, sr Serbian, ss Swati, st Southern Sotho,
su Sundanese, sv Swedish, sw Swahili, ta Tamil, te Telugu, tg Tajik, th Thai, ti Tigrinya, tk Turkmen,
tl Tagalog, tn Tswana, to Tonga, tr Turkish, ts Tsonga, tt Tatar, tw Twi, ty Tahitian, ug Uyghur,
uk Ukrainian, ur Urdu, uz Uzbek, ve Venda, vi Vietnamese, vo Volapük, wa Walloon, wo Wolof, xh Xhosa,
yi Yiddish, yo Yoruba, za Zhuang, zh Chinese, zu Zulu
"""
_MORE = """
ara ar, ben bn, deu de, ger de, eng en, spa es, fas fa, per fa, farsi fa, fra fr, fre fr, hin hi, ind id,
ita it, jpn ja, kor ko, nld nl, dut nl, pol pl, por pt, rus ru, swa sw, tam ta, tel te, tha th, tur tr,
ukr uk, urd ur, vie vi, zho zh, chi zh, cmn zh, yue zh, mandarin zh, cantonese zh, mandarin chinese zh,
simplified chinese zh, traditional chinese zh, 英文 en, 汉语 zh, 漢語 zh, 华语 zh, 國語 zh, 普通话 zh,
in id, iw he
"""
"""Codes of three letters, older codes and other names, of the languages that data is in most often."""
_SCRIPT = re.compile(r"\s*[（(].*|[-_].*")
"""What follows a language: its script or region, as in `zh-Hans-CN` or `Chinese (Simplified)`."""


def code_of(given: str) -> str:
    """The code of a language that a name or a code names, in upper or lower case, with or without a region.

    Any Chinese is `zh`. Raises ValueError, which lists all codes.
    """
    code = find(given)
    if code is None:
        raise ValueError(f"{given!r} is not a language. Known are names and codes: {', '.join(codes())}")
    return code


@lru_cache(maxsize=1024)  # data sets have few languages, and many rows
def find(given: str) -> str | None:
    """As `code_of`. None if it names no language, such as "unknown"."""
    name = given.strip().lower()
    return _names().get(name) or _names().get(_SCRIPT.sub("", name))


@cache
def codes() -> tuple[str, ...]:
    """All codes, in the order of the alphabet."""
    return tuple(sorted(set(_names().values())))


@cache
def _names() -> Mapping[str, str]:
    """Every name and code in lower case, and the code that it stands for."""
    found: dict[str, str] = {}
    for entry in _listed(_ISO):
        code, _, name = entry.partition(" ")
        found |= {code: code, name.lower(): code}
    for names in (NAMES, CHINESE):
        found |= {name.lower(): code[:2] for code in names for name in names[code].values()}
    for entry in _listed(_MORE):
        name, _, code = entry.rpartition(" ")
        found[name] = code
    return found


def _listed(text: str) -> list[str]:
    return [entry.strip() for entry in text.replace("\n", " ").split(",")]
