import string

from yuragi.research.pilot.plan import LANGUAGES
from yuragi.research.pilot.words import spoken, words


def blanks(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_say_the_same():
    english = words("en")
    for language in LANGUAGES:
        assert words(language).keys() == english.keys()
        for name, text in words(language).items():
            assert blanks(text) == blanks(english[name]), name


def test_a_text_that_is_missing_is_english():
    assert spoken({"en": "one"}, "ja") == "one"
    assert spoken({"en": "one", "ja": "一"}, "ja") == "一"
