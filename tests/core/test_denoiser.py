"""Dtypes, conditions and counting around a network."""

import pytest
import torch

from numeric.moments import SCHEDULES
from yuragi.core import Counting, NetworkDenoiser, epsilon, sample, tile, v_prediction
from yuragi.errors import InputError

TABLE = SCHEDULES["table"]


class Recorder:
    def __init__(self, dtype=None):
        if dtype is not None:
            self.dtype = dtype

    def __call__(self, x, timestep, condition):
        self.seen = (x.dtype, timestep, condition)
        return x


def test_the_network_runs_in_its_own_dtype_and_the_state_does_not():
    network = Recorder(torch.bfloat16)
    condition = {"text": torch.zeros(1, 4), "ids": torch.zeros(1, 2, dtype=torch.long)}
    denoiser = NetworkDenoiser(network, TABLE, v_prediction, condition)
    x0 = denoiser(torch.ones(2, 3), torch.tensor(999.0, dtype=torch.float64))
    dtype, timestep, condition = network.seen
    assert (dtype, x0.dtype) == (torch.bfloat16, torch.float32)
    assert timestep.tolist() == [999.0, 999.0]  # bfloat16 would say 1000
    assert condition["text"].dtype == torch.bfloat16
    assert condition["ids"].dtype == torch.long


def test_without_a_dtype_nothing_is_cast():
    network = Recorder()
    NetworkDenoiser(network, TABLE, sample)(torch.ones(2, 3, dtype=torch.float64), torch.tensor(5))
    assert network.seen[0] == torch.float64
    assert network.seen[2] is None


def test_conditions_are_repeated_as_a_whole():
    condition = {"text": torch.tensor([[0.0], [1.0]])}
    assert tile(condition, 4)["text"].flatten().tolist() == [0, 1, 0, 1]
    assert tile(condition, 2)["text"] is condition["text"]
    assert tile(None, 4) is None


@pytest.mark.parametrize("rows", [0, 2])
def test_a_condition_that_does_not_fit(rows):
    denoiser = NetworkDenoiser(Recorder(), TABLE, sample).bind({"text": torch.zeros(rows, 1)})
    with pytest.raises(InputError, match="text"):
        denoiser(torch.zeros(3, 2), torch.tensor(5))


def test_counting():
    network = Counting(Recorder(torch.float16))
    denoiser = NetworkDenoiser(network, TABLE, sample)
    denoiser(torch.zeros(3, 2), torch.tensor(5))
    denoiser(torch.zeros(1, 2), torch.tensor(5))
    assert (network.calls, network.evaluations) == (2, 4)
    assert network.dtype == torch.float16


def test_noise_alone_is_refused_before_the_network_runs():
    """At the last entry of a table with zero terminal SNR, eps does not determine x_0."""
    network = Counting(Recorder())
    denoiser = NetworkDenoiser(network, SCHEDULES["table-zero-snr"], epsilon)
    with pytest.raises(InputError, match=r"^prediction_type: .*timestep_spacing"):
        denoiser(torch.ones(2, 3), torch.tensor(999.0, dtype=torch.float64))
    assert network.calls == 0
    denoiser(torch.ones(2, 3), torch.tensor(998.0, dtype=torch.float64))
    assert network.calls == 1
