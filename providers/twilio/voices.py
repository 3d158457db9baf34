"""The voices of Twilio: the language and the voice with which a `<Say>` speaks.

https://www.twilio.com/docs/voice/twiml/say/text-speech#available-voices-and-languages
"""

# Languages of `<Say>` and their regions, in a voice that the account chooses.
REGIONS = {
    "af": "ZA",
    "am": "ET",
    "ar": "AE XA",
    "bg": "BG",
    "bn": "IN",
    "ca": "ES",
    "cs": "CZ",
    "cy": "GB",
    "da": "DK",
    "de": "AT DE",
    "el": "GR",
    "en": "AU CA GB IE IN NZ US ZA",
    "es": "ES MX US",
    "fi": "FI",
    "fil": "PH",
    "fr": "BE CA FR",
    "gu": "IN",
    "he": "IL",
    "hi": "IN",
    "hu": "HU",
    "id": "ID",
    "is": "IS",
    "it": "IT",
    "ja": "JP",
    "kn": "IN",
    "ko": "KR",
    "lv": "LV",
    "ml": "IN",
    "mr": "IN",
    "ms": "MY",
    "nb": "NO",
    "nl": "BE NL",
    "pa": "IN",
    "pl": "PL",
    "pt": "BR PT",
    "ro": "RO",
    "ru": "RU",
    "sk": "SK",
    "sr": "RS",
    "sv": "SE",
    "ta": "IN",
    "te": "IN",
    "th": "TH",
    "tr": "TR",
    "uk": "UA",
    "vi": "VN",
    "zh": "CN HK TW",
}
LANGUAGES = frozenset(
    f"{language}-{region}" for language, regions in REGIONS.items() for region in regions.split()
)
# Languages that only a named voice speaks.
VOICES = {
    "eu-ES": "Google.eu-ES-Standard-B",
    "gl-ES": "Google.gl-ES-Standard-B",
    "lt-LT": "Google.lt-LT-Standard-B",
}
# The language that replaces one with the same name, but of another region, if it has several.
NEAREST = {
    "ar": "ar-XA",
    "de": "de-DE",
    "en": "en-US",
    "es": "es-MX",
    "eu": "eu-ES",
    "fr": "fr-FR",
    "gl": "gl-ES",
    "lt": "lt-LT",
    "nl": "nl-NL",
    "no": "nb-NO",
    "pt": "pt-PT",
    "tl": "fil-PH",
    "zh": "zh-CN",
}
# A text in a language without a voice is spoken with this one: an error would say nothing at all.
DEFAULT = "en-US"


def find_voice(language):
    """Return how a language is spoken.

    :param str language: language and region, as in `es-AR`
    :return: Twilio's language, and its voice or None; None if Twilio has no voice for it
    :rtype: tuple(str, str | None) | None
    """
    name = language.partition("-")[0]
    if language in LANGUAGES or language in VOICES:
        tag = language
    elif name in NEAREST:
        tag = NEAREST[name]
    elif name in REGIONS:
        tag = f"{name}-{REGIONS[name]}"
    else:
        return None
    return tag, VOICES.get(tag)
