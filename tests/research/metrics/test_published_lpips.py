"""Published LPIPS has the values of its authors' package, on the same weights."""

import sys
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from yuragi.errors import InputError
from yuragi.research.metrics.published_lpips import open_lpips


def alexnet(**ignored):
    """The layers of torchvision's AlexNet, with random weights."""
    layers = [nn.Conv2d(3, 64, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2)]
    layers += [nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2)]
    for one, two in ((192, 384), (384, 256), (256, 256)):
        layers += [nn.Conv2d(one, two, 3, padding=1), nn.ReLU()]
    return SimpleNamespace(features=nn.Sequential(*layers))


def vgg16(**ignored):
    """The layers of torchvision's VGG16, with random weights."""
    layers, channels = [], 3
    for width, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(count):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
        layers.append(nn.MaxPool2d(2, 2))
    return SimpleNamespace(features=nn.Sequential(*layers))


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The authors' networks, and files of their weights in the form of torchvision's."""
    folder = tmp_path_factory.mktemp("weights")
    models = SimpleNamespace(alexnet=alexnet, vgg16=vgg16)
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "torchvision", SimpleNamespace(models=models))
        patch.setitem(sys.modules, "torchvision.models", models)
        from lpips import LPIPS

        torch.manual_seed(0)
        for net in ("alex", "vgg"):
            theirs = LPIPS(net=net, pnet_rand=True, verbose=False)
            # Their trunk is cut into slices, whose layers have the numbers of torchvision.
            held = {
                "features." + name.split(".", 1)[1]: value.clone()
                for name, value in theirs.net.state_dict().items()
            }
            held["classifier.1.weight"] = torch.zeros(3, 3)
            torch.save(held, folder / f"{net}.pth")
            save_file(held, folder / f"{net}.safetensors")
            found[net] = theirs
    for name in [name for name in sys.modules if name.split(".")[0] == "lpips"]:
        del sys.modules[name]
    return found, folder


@pytest.mark.parametrize("net", ["alex", "vgg"])
@pytest.mark.parametrize("size", [(64, 64), (57, 83)])
def test_values_are_those_of_the_authors(published, net, size):
    theirs, folder = published
    ours = open_lpips(f"{net}:{folder / net}.pth")
    generator = torch.Generator().manual_seed(1)
    one, two = (torch.rand(3, 3, *size, generator=generator) * 2 - 1 for _ in range(2))
    with torch.no_grad():
        wanted = theirs[net](one, two).flatten().double()
    assert wanted.min() > 1e-4
    torch.testing.assert_close(ours.between(one, two), wanted, rtol=1e-4, atol=0)
    # The mean of the map within a region is that of their spatial form.
    region = torch.zeros(3, *size, dtype=torch.bool)
    region[:, 5:40, 9:30] = True
    theirs[net].spatial = True
    with torch.no_grad():
        wanted = theirs[net](one, two)[:, 0, 5:40, 9:30].double().mean((1, 2))
    theirs[net].spatial = False
    torch.testing.assert_close(ours(one, two, [region])[0], wanted, rtol=1e-4, atol=0)


def test_names_and_files(published):
    _, folder = published
    assert open_lpips(f"alex:{folder / 'alex.pth'}").name == "LPIPS-AlexNet"
    vgg = open_lpips(f"vgg:{folder / 'vgg.safetensors'}")
    assert (vgg.name, vgg.origin) == ("LPIPS-VGG", "torchvision, lpips 0.1 (vgg)")
    picture = torch.rand(1, 3, vgg.least, vgg.least) * 2 - 1
    assert vgg.between(picture, -picture) > 0


@pytest.mark.parametrize("net", ["alex", "vgg"])
def test_the_least_side_is_the_least(published, net):
    _, folder = published
    ours = open_lpips(f"{net}:{folder / net}.pth")
    picture = torch.rand(1, 3, ours.least, ours.least + 9) * 2 - 1
    assert ours.between(picture, -picture) > 0
    with pytest.raises(RuntimeError, match="too small"):
        ours.between(picture[:, :, 1:], picture[:, :, 1:])


@pytest.mark.parametrize("said", ["alex", "squeeze:x", "alex:vgg.pth", "vgg:bad", "vgg:list"])
def test_what_is_no_file_of_these_weights(published, said, monkeypatch):
    _, folder = published
    monkeypatch.chdir(folder)
    (folder / "bad").write_bytes(b"neither pickle nor anything else")
    torch.save([torch.zeros(3)], folder / "list")
    with pytest.raises(InputError, match=f"^lpips must be alex:FILE or vgg:FILE.*given: {said}"):
        open_lpips(said)


@pytest.mark.parametrize("where", ["nope.pth", "."])
def test_a_missing_file_is_named(where, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=f"^lpips: {where} is not a file .*alex:FILE or vgg:FILE"):
        open_lpips(f"vgg:{where}")
