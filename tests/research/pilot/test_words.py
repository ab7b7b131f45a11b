import re
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


def test_no_text_adds_an_ending_to_a_number():
    # "Every {n}th edit" would also say 3th.
    for name, text in words("en").items():
        assert not re.search(r"\}\w", text), name


def test_a_text_that_is_missing_is_english():
    assert spoken({"en": "one"}, "ja") == "one"
    assert spoken({"en": "one", "ja": "一"}, "ja") == "一"
