"""Policies: their rules, and the files that they are read from."""

import pytest

from yuragi.errors import InputError
from yuragi.tasks.build import build
from yuragi.tasks.policy import RULES, Asked, Forbidden, Policy, Rule, read_policy
from yuragi.tasks.rules import Consent, Pictures, Prompts
from yuragi.tasks.sample import SampleRequest
from yuragi.tasks.sdedit import SDEditRequest
from yuragi.tasks.translate import TranslateRequest


def sample(prompt="", **options):
    return Asked(SampleRequest(prompt=prompt, seed=0, **options))


@pytest.fixture
def edit(picture):
    request, pictures = build(SDEditRequest, {"image": picture, "prompt": "a person"})
    return Asked(request, pictures)


@pytest.mark.parametrize(
    ("prompt", "refused"),
    [
        ("a bare tree", True),
        ("A BARE tree", True),
        ("bärè", True),
        ("ba\u200bre", True),
        ("ｂａｒｅ", True),
        ("a bear", False),
        ("barefoot", False),
        ("threadbare", False),
        ("the secret   PROJECT", True),
        ("the secret\nproject", True),
        ("a secret, project", False),
        ("東京の秘密です", True),
        ("STRASSE", True),
        ("c++ code", True),
        ("", False),
    ],
)
def test_words_and_phrases(prompt, refused):
    rule = Prompts(blocked=("bare", "secret project", "秘密", "straße", "c++"))
    assert (rule.refusal(sample(prompt)) is not None) is refused


def test_every_prompt_is_read(picture):
    rule = Prompts(blocked=("bare",))
    assert rule.refusal(sample("a tree", negative_prompt="bare"))
    given = {"image": picture, "prompt": "a tree", "source_prompt": "a bare tree"}
    request, _ = build(TranslateRequest, given)
    assert rule.refusal(Asked(request))


@pytest.mark.parametrize("blocked", [(), ("",), "bare"])
def test_lists_that_are_none(blocked):
    with pytest.raises(InputError):
        Prompts(blocked=blocked)


def test_a_word_of_nothing_but_invisible_characters_blocks_nothing():
    assert Prompts(blocked=("\u200b",)).refusal(sample("a person")) is None


def test_consent(edit):
    agreed = Asked(edit.request, edit.pictures, True)
    assert "sdedit" in Consent().refusal(edit)
    assert Consent().refusal(agreed) is None
    assert Consent(tasks=("drag",)).refusal(edit) is None
    assert Consent(tasks=("sdedit",)).refusal(edit)
    assert Consent().refusal(sample("a person")) is None  # it shows nobody
    for name in ("sample", "other"):
        with pytest.raises(InputError, match="tasks"):
            Consent(tasks=(name,))


def test_large_pictures(edit):
    assert Pictures(max_pixels=64 * 48).refusal(edit) is None
    assert "64x48" in Pictures(max_pixels=64 * 48 - 1).refusal(edit)
    assert Pictures(max_pixels=256 * 512).refusal(sample(width=512, height=256)) is None
    assert Pictures(max_pixels=256 * 512 - 1).refusal(sample(width=512, height=256))


def test_a_file_of_rules(tmp_path, edit):
    file = tmp_path / "policy.toml"
    file.write_text('[prompts]\nblocked = ["bare"]\n[consent]\n')
    policy = read_policy(file)
    assert [name for name, _ in policy.rules] == ["prompts", "consent"]
    policy.check(sample("a tree"))
    with pytest.raises(Forbidden, match="bare") as refused:
        policy.check(sample("a bare tree"))
    assert refused.value.rule == "prompts"
    with pytest.raises(Forbidden, match="consent"):
        policy.check(edit)
    Policy().check(edit)
    read_policy(None).check(edit)


@pytest.mark.parametrize(
    "text",
    [
        "[prompts",
        "[other]",
        "prompts = 5",
        "[prompts]",
        "[prompts]\nblocked = 5",
        "[pictures]\nmax_pixels = 0",
        '[pictures]\nmax_pixels = 5\nmore = "x"',
        '[consent]\ntasks = ["sample"]',
    ],
)
def test_files_that_are_none(tmp_path, text):
    file = tmp_path / "policy.toml"
    file.write_text(text)
    with pytest.raises(InputError, match="policy"):
        read_policy(file)
    with pytest.raises(InputError, match="policy"):
        read_policy(tmp_path / "none.toml")


def test_a_rule_of_another_package(tmp_path, monkeypatch):
    class Seldom(Rule):
        most: int

        def refusal(self, asked):
            return "too many" if asked.request.num_images > self.most else None

    monkeypatch.setitem(RULES._loaded, "seldom", Seldom)
    monkeypatch.setitem(RULES._shipped, "seldom", "")
    file = tmp_path / "policy.toml"
    file.write_text("[seldom]\nmost = 2\n")
    policy = read_policy(file)
    policy.check(sample(num_images=2))
    with pytest.raises(Forbidden, match="too many"):
        policy.check(sample(num_images=3))


def test_the_command_line(cli, tmp_path):
    file = tmp_path / "policy.toml"
    file.write_text('[prompts]\nblocked = ["bare"]\n')
    code, _, told = cli("sample", "--prompt", "a bare tree", "--policy", file, "-o", "x.png")
    assert code == 2
    assert told == "error: refused by the policy: prompts must not contain “bare”\n"
    assert not (tmp_path / "x.png").exists()
    code, _, told = cli("sample", "--prompt", "x", "--policy", "none.toml", "-o", "x.png")
    assert code == 2
    assert told.startswith("error: --policy must be a readable TOML file")
