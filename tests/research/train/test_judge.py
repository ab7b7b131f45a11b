"""The judge that ships, and how one is made."""

import torch

from yuragi.research.train.autoencoder import arrays_to_tensor
from yuragi.research.train.cache import cached
from yuragi.research.train.judge import accuracy, shipped_judge

CPU = torch.device("cpu")


def test_the_shipped_judge_sees_drawings_that_it_never_saw(tmp_path):
    images, labels = cached("benchmark", 48, tmp_path)
    judge = shipped_judge(CPU)
    assert not judge.training
    assert not any(p.requires_grad for p in judge.parameters())
    seen = accuracy(judge, arrays_to_tensor(images), labels)
    turned = accuracy(judge, arrays_to_tensor(images), labels[1:] + labels[:1])
    for name in ("hair_colour", "clothes_colour", "skin", "background"):
        assert seen[name] > 0.85
        assert turned[name] < 0.6
