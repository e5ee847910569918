"""Counting words, sentences and capitals as nltk would, and telling languages apart."""

from __future__ import annotations

import pytest

from steelyard.scorers.ifeval.texts import (
    capital_words,
    count_joined_words,
    count_sentences,
    count_words,
    language_of,
)

# What nltk's punkt for English gives for each; the first four are the original's own tests.
SENTENCES = [
    ("xx,x. xx,x! xx/x. x{x}x?", 4),
    ("xxxx. xx,x! xxxx. x(x)x?", 4),
    ("xxxx. xx,x! xx|x. x&x x?", 4),
    ("xx-x. xx,x! xx}x. x,xx?", 4),
    ("", 0),
    (" \n ", 0),
    ("no mark at all", 1),
    ("One. Two. Three", 3),
    ("Really?! Yes.", 2),
    ('He said "Go." Then he went.', 2),
    ('He said "Go."', 1),
    ("Mr. Smith met Dr. Jones. They talked.", 2),
    ("It costs 3.50 dollars. Buy it.", 2),
    ("See J. Smith for more.", 1),
    ("1. buy milk", 1),
    ("1. Buy milk.\n2. Drink it.", 4),  # the numbers of a list are sentences to punkt
    ("Well... maybe so.", 1),
    ("That is all. (Or not.) Bye.", 3),
    ("* one\n* two\n* three", 1),
    ("今日は。明日は。", 1),  # its full stops are none to punkt
]


@pytest.mark.parametrize(("text", "count"), SENTENCES)
def test_sentences(text: str, count: int) -> None:
    assert count_sentences(text) == count


@pytest.mark.parametrize(
    ("text", "count"), [("", 0), ("one two", 2), ("don't", 2), ("well-known", 2), ("a_b 3.5 é", 4), ("*—*", 0)]
)
def test_words(text: str, count: int) -> None:
    assert count_words(text) == count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("I am A.", 2),
        ("NASA, ESA: and NATO!", 3),
        ("IT'S", 2),
        ("it's I'm RJ's", 2),
        ("DON'T", 2),
        ("CANNOT", 2),
        ("U.S. AND/OR COVID-19 10:30", 3),
        ("AT&T", 2),
        ("(ONE)[TWO]*THREE*", 3),
        ("ONE—TWO", 2),
        ("123 ... !", 0),
    ],
)
def test_capital_words(text: str, count: int) -> None:
    assert capital_words(text) == count


# One sentence of our own in each of the languages that IFEval asks for, or could.
LANGUAGES = {
    "en": "The weather is fine today, and we would like to walk along the river before dinner.",
    "es": "Hoy hace buen tiempo y nos gustaría pasear junto al río antes de la cena.",
    "pt": "Hoje o tempo está bom e gostaríamos de passear junto ao rio antes do jantar.",
    "ar": "الطقس جميل اليوم ونود أن نتمشى على ضفة النهر قبل العشاء.",
    "hi": "आज मौसम अच्छा है और हम रात के खाने से पहले नदी के किनारे टहलना चाहते हैं।",
    "fr": "Il fait beau aujourd'hui et nous aimerions nous promener au bord de la rivière avant le dîner.",
    "ru": "Сегодня хорошая погода, и мы хотели бы погулять вдоль реки перед ужином.",
    "de": "Das Wetter ist heute schön, und wir möchten vor dem Abendessen am Fluss spazieren gehen.",
    "ja": "今日は天気がいいので、夕食の前に川沿いを散歩したいです。",
    "it": "Oggi il tempo è bello e vorremmo passeggiare lungo il fiume prima di cena.",
    "bn": "আজ আবহাওয়া ভালো এবং আমরা রাতের খাবারের আগে নদীর ধারে হাঁটতে চাই।",
    "uk": "Сьогодні гарна погода, і ми хотіли б прогулятися вздовж річки перед вечерею.",
    "th": "วันนี้อากาศดี เราอยากเดินเล่นริมแม่น้ำก่อนอาหารเย็น",
    "ur": "آج موسم اچھا ہے اور ہم رات کے کھانے سے پہلے دریا کے کنارے ٹہلنا چاہتے ہیں۔",
    "ta": "இன்று வானிலை நன்றாக உள்ளது, இரவு உணவிற்கு முன் ஆற்றங்கரையில் நடக்க விரும்புகிறோம்.",
    "te": "ఈ రోజు వాతావరణం బాగుంది, రాత్రి భోజనానికి ముందు నది ఒడ్డున నడవాలనుకుంటున్నాము.",
    "bg": "Днес времето е хубаво и бихме искали да се разходим край реката преди вечеря.",
    "ko": "오늘은 날씨가 좋아서 저녁 식사 전에 강가를 산책하고 싶습니다.",
    "pl": "Dzisiaj jest ładna pogoda i chcielibyśmy przejść się wzdłuż rzeki przed kolacją.",
    "he": "מזג האוויר יפה היום ואנחנו רוצים לטייל לאורך הנהר לפני ארוחת הערב.",
    "fa": "امروز هوا خوب است و می‌خواهیم پیش از شام کنار رودخانه قدم بزنیم.",
    "vi": "Hôm nay trời đẹp và chúng tôi muốn đi dạo dọc bờ sông trước bữa tối.",
    "ne": "आज मौसम राम्रो छ र हामी बेलुकाको खाना अघि नदीको किनारमा हिँड्न चाहन्छौं।",
    "sw": "Hali ya hewa ni nzuri leo na tungependa kutembea kando ya mto kabla ya chakula cha jioni.",
    "kn": "ಇಂದು ಹವಾಮಾನ ಚೆನ್ನಾಗಿದೆ ಮತ್ತು ರಾತ್ರಿ ಊಟಕ್ಕೆ ಮೊದಲು ನದಿಯ ದಡದಲ್ಲಿ ನಡೆಯಲು ಬಯಸುತ್ತೇವೆ.",
    "mr": "आज हवामान चांगले आहे आणि आम्हाला रात्रीच्या जेवणापूर्वी नदीकाठी फिरायला आवडेल.",
    "gu": "આજે હવામાન સારું છે અને અમે રાત્રિભોજન પહેલાં નદી કિનારે ચાલવા માંગીએ છીએ.",
    "pa": "ਅੱਜ ਮੌਸਮ ਚੰਗਾ ਹੈ ਅਤੇ ਅਸੀਂ ਰਾਤ ਦੇ ਖਾਣੇ ਤੋਂ ਪਹਿਲਾਂ ਨਦੀ ਦੇ ਕੰਢੇ ਸੈਰ ਕਰਨਾ ਚਾਹੁੰਦੇ ਹਾਂ।",
    "ml": "ഇന്ന് കാലാവസ്ഥ നല്ലതാണ്, അത്താഴത്തിന് മുമ്പ് പുഴയുടെ തീരത്ത് നടക്കാൻ ഞങ്ങൾ ആഗ്രഹിക്കുന്നു.",
    "fi": "Tänään on kaunis sää, ja haluaisimme kävellä joen rantaa pitkin ennen illallista.",
}


@pytest.mark.parametrize("code", LANGUAGES)
def test_languages(code: str) -> None:
    text = LANGUAGES[code]
    assert language_of(text) == language_of(text.upper()) == language_of(f"* {text}\n* **{text}**") == code


def test_a_text_without_letters_has_no_language() -> None:
    assert language_of("") == language_of("12 + 3 = 15 …") == ""
    assert language_of("\ud800 1") == ""


@pytest.mark.parametrize(
    ("text", "by_re", "by_regex"),  # len(findall(r"\w+", text)) of re (Python 3.11) and of regex 2026.9
    [("हिन्दी में लिखिए एक कविता", 10, 5), ("plain English", 2, 2), ("naïve café", 2, 2), ("x² m³", 2, 2),
     ("² ", 1, 0), ("ⓐ", 0, 1), ("I \u2764\ufe0f it", 2, 3), ("می\u200cخواهم", 2, 1), ("a‿b", 2, 1)],
)  # fmt: skip
def test_words_as_both_of_nltks_engines_count_them(text: str, by_re: int, by_regex: int) -> None:
    assert (count_words(text), count_joined_words(text)) == (by_re, by_regex)
