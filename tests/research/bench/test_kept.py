"""Pictures are kept by everything that decides them, and a report tells where they come from."""

import pytest
import torch

from yuragi.research.bench.kept import Kept
from yuragi.research.bench.report import Origin, elsewhere
from yuragi.tasks.build import build
from yuragi.tasks.sample import SampleRequest

HERE, THERE = Origin("abc", "x86_64 cpu"), Origin("def", "NVIDIA H200")
IMAGES, SPENT = torch.linspace(-1, 1, 48).view(1, 3, 4, 4), torch.tensor([3.5])


def asked(**options):
    return [build(SampleRequest, {"prompt": "red hair", "seed": 0, **options})[0]]


def test_pictures_are_read_back_in_8_bits(tmp_path):
    made = []

    def make():
        made.append(1)
        return IMAGES, SPENT

    for _ in range(2):
        images, spent = Kept(tmp_path, HERE).pictures("sde 0", asked(), make)
        assert torch.allclose(images, IMAGES, atol=1 / 255)
        levels = (images + 1) * 127.5
        assert torch.allclose(levels.round(), levels, atol=1e-4)
        assert torch.equal(spent, SPENT)
    assert len(made) == 1
    (file,) = tmp_path.iterdir()
    assert file.name.startswith("sde-0-")


@pytest.mark.parametrize("option", [{"seed": 1}, {"num_inference_steps": 7}, {"solver": "ddim"}])
def test_another_request_has_other_pictures(tmp_path, option):
    """The name says neither steps nor strength nor solver; the request does."""
    kept = Kept(tmp_path, HERE)
    kept.pictures("sde 0", asked(), lambda: (IMAGES, SPENT))
    images, _ = kept.pictures("sde 0", asked(**option), lambda: (-IMAGES, SPENT))
    assert torch.allclose(images, -IMAGES, atol=1 / 255)
    other, _ = kept.pictures("ode 0", asked(), lambda: (-IMAGES, SPENT))
    assert torch.equal(other, images)


def test_a_report_says_which_pictures_come_from_elsewhere(tmp_path):
    first, second = Kept(tmp_path, HERE), Kept(tmp_path, THERE)
    first.pictures("sde 0", asked(), lambda: (IMAGES, SPENT))
    assert first.elsewhere == []
    assert elsewhere({"kept_from": first.elsewhere}) == ""
    second.pictures("sde 24", asked(), lambda: (IMAGES, SPENT))
    assert second.elsewhere == []
    second.pictures("sde 0", asked(), lambda: pytest.fail("it was made again"))
    assert second.elsewhere == [{"commit": "abc", "device": "x86_64 cpu"}]
    told = elsewhere({"kept_from": second.elsewhere})
    assert told == " Some pictures were kept from earlier runs: commit abc on x86_64 cpu."
