"""Backends by name, with tiny or random weights: what they see is what their networks see."""

import json

import pytest
import torch
from tiny_pipelines import tokenizer
from transformers import (
    CLIPConfig,
    CLIPModel,
    CLIPTextConfig,
    CLIPVisionConfig,
    Dinov2Config,
    Dinov2Model,
)

from yuragi.errors import InputError
from yuragi.research.metrics.backends import BACKENDS, encode_all, open_backend
from yuragi.research.metrics.inception import open_inception
from yuragi.research.metrics.transformers_features import open_text_image

CPU = torch.device("cpu")
MEAN, STD = [0.4, 0.5, 0.6], [0.2, 0.3, 0.4]


def pictures(n=3, side=28):
    return torch.rand(n, 3, side, side, generator=torch.Generator().manual_seed(0)) * 2 - 1


def preprocessing(folder):
    told = {"image_mean": MEAN, "image_std": STD}
    (folder / "preprocessor_config.json").write_text(json.dumps(told))


@pytest.fixture
def dinov2(tmp_path):
    torch.manual_seed(0)
    config = Dinov2Config(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, image_size=28, patch_size=14
    )
    Dinov2Model(config).save_pretrained(tmp_path)
    preprocessing(tmp_path)
    return tmp_path


@pytest.fixture
def clip(tmp_path):
    torch.manual_seed(0)
    text = CLIPTextConfig(
        vocab_size=11,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=16,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=2,
    )
    vision = CLIPVisionConfig(
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        image_size=28,
        patch_size=14,
    )
    config = CLIPConfig(
        text_config=text.to_dict(), vision_config=vision.to_dict(), projection_dim=8
    )
    CLIPModel(config).save_pretrained(tmp_path)
    tokenizer().save_pretrained(tmp_path)
    preprocessing(tmp_path)
    return tmp_path


def normalised(images):
    mean, std = (torch.tensor(each).view(-1, 1, 1) for each in (MEAN, STD))
    return ((images + 1) / 2 - mean) / std


def test_dinov2(dinov2):
    backend = open_backend(f"dinov2:{dinov2}", CPU)
    assert (backend.name, backend.distance) == ("dinov2", "FD-DINOv2")
    want = Dinov2Model.from_pretrained(dinov2)(pixel_values=normalised(pictures())).pooler_output
    torch.testing.assert_close(
        backend.encode(pictures()).features, want.detach(), atol=1e-5, rtol=0
    )
    assert backend.encode(pictures(2, 50)).features.shape == (2, 16)


def test_clip_features_and_texts(clip):
    network = CLIPModel.from_pretrained(clip).eval()
    texts = ["a red cat", "a blue dog", "person"]
    tokens = tokenizer()(texts, padding=True, return_tensors="pt")
    tokens.pop("token_type_ids", None)
    with torch.no_grad():
        found = network(pixel_values=normalised(pictures()), **tokens)
    seen = encode_all(open_backend(f"clip:{clip}", CPU), [pictures()]).features
    cosine = torch.nn.functional.cosine_similarity(seen, found.image_embeds)
    torch.testing.assert_close(cosine, torch.ones(3), atol=1e-5, rtol=0)
    want = 100 * (found.image_embeds * found.text_embeds).sum(1).clamp(min=0)
    score = open_text_image(str(clip), CPU)(pictures(), texts)
    torch.testing.assert_close(score.float(), want, atol=1e-3, rtol=0)


def test_a_text_image_score_that_is_not_there():
    with pytest.raises(InputError, match="^clip must be a folder with a CLIP model"):
        open_text_image("/nowhere", CPU)


def test_weights_tell_two_networks_of_one_kind_apart(dinov2, tmp_path_factory):
    """Features of different weights cannot be compared, although they have the same name."""
    other = tmp_path_factory.mktemp("other")
    network = Dinov2Model.from_pretrained(dinov2)
    network.layernorm.bias.data += 1
    network.save_pretrained(other)
    preprocessing(other)
    one, again, two = (open_backend(f"dinov2:{place}", CPU) for place in (dinov2, dinov2, other))
    assert one.weights == again.weights != two.weights


def test_inception_from_a_file(tmp_path, fidelity):
    """Random weights in the file's form; the same as torch-fidelity's own extractor."""
    extractor = fidelity("feature_extractor_inceptionv3")
    torch.manual_seed(0)
    made = object.__new__(extractor.FeatureExtractorInceptionV3)
    weights = tmp_path / "inception.pth"
    real_load = torch.load
    try:
        # The only way to the untrained network is through a file: catch what it wants.
        torch.load = lambda *a, **k: (_ for _ in ()).throw(FileNotFoundError)
        with pytest.raises(FileNotFoundError):
            made.__init__("inception-v3-compat", ["2048"], feature_extractor_weights_path="-")
    finally:
        torch.load = real_load
    torch.save(made.state_dict(), weights)
    backend = open_backend(f"inception:{weights}", CPU)
    seen = encode_all(backend, [pictures(1), pictures(2, 40)])
    assert seen.features.shape == (3, 2048)
    assert seen.logits.shape == (3, 1008)
    theirs = extractor.FeatureExtractorInceptionV3(
        "inception-v3-compat", ["2048"], feature_extractor_weights_path=str(weights)
    )
    levels = ((pictures(1) + 1) * 127.5).round().to(torch.uint8)
    assert backend.distance == "FID"
    torch.testing.assert_close(seen.features[:1], theirs(levels)[0])


def test_a_file_that_would_run_code_is_refused(tmp_path):
    class Harm:
        def __reduce__(self):
            return (print, ("run",))

    torch.save({"x": Harm()}, tmp_path / "x.pth")
    with pytest.raises(InputError, match="inception"):
        open_inception(str(tmp_path / "x.pth"), CPU)


@pytest.mark.parametrize("said", ["vgg", "inception", "dinov2", "clip:/nowhere", "efflite0:x"])
def test_what_is_not_there(said):
    with pytest.raises(InputError, match="features"):
        open_backend(said, CPU)


def test_every_backend_can_be_imported():
    assert all(callable(BACKENDS[name]) for name in BACKENDS)
