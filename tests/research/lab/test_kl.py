"""The tables of contraction: the golden values, the rate, the toy, the command."""

import json
from itertools import pairwise

import pytest
from typer.testing import CliRunner

from yuragi.research.lab.kl import ETAS, PRIORS, contraction, curve, measured_golden


@pytest.fixture(scope="module")
def report():
    return json.loads(json.dumps(contraction(samples=4000, steps=100)))


GOLDEN = {"0": 0.2499201, "0.5": 0.0604300, "1": 0.00135924, "1.5": 2.67103e-6}


def test_the_golden_gaussian(report):
    assert report["gaussian_golden"] == pytest.approx(GOLDEN, rel=1e-5)
    assert report["gaussian_measured"] == pytest.approx(GOLDEN, rel=1e-3)
    assert measured_golden(1.0, 100) == pytest.approx(GOLDEN["1"], rel=2e-2)


@pytest.mark.parametrize(
    ("eta", "golden"),
    [
        ("0.3", [0.8181, 0.4904, 0.3561, 0.2996, 0.2809, 0.2693]),
        ("0.6", [0.8181, 0.1556, 0.0562, 0.0314, 0.0247, 0.0219]),
        ("1", [0.8181, 0.01385, 8.98e-4, 1.80e-4, 1.02e-4, 9.05e-5]),
    ],
)
def test_the_golden_mixture(report, eta, golden):
    kl = report["curves"][eta]["kl"]
    assert kl[::40] == pytest.approx(golden, rel=0.02)
    assert all(after <= before * (1 + 1e-9) for before, after in pairwise(kl))


def test_the_ode_keeps_kl(report):
    kl = report["curves"]["0"]["kl"]
    assert kl[0] == pytest.approx(0.8181, rel=1e-3)
    assert max(abs(value - kl[0]) for value in kl) < 1e-2  # 200 steps of order 1


@pytest.mark.parametrize("prior", PRIORS)
def test_noise_contracts_from_every_prior(prior):
    noisy = curve(1.0, prior)["kl"]
    assert noisy[-1] < 0.01 * noisy[0] + 1e-5


def test_the_rate_is_the_fisher_information(report):
    for eta in ETAS[1:]:
        for row in report["rate"][f"{eta:g}"]:
            if row["predicted"] > 1e-3:
                assert row["measured"] == pytest.approx(row["predicted"], rel=0.12)


def test_the_toy_tells_wrong_priors_apart(report):
    for prior in ("shifted", "narrow"):
        toy = report["toy"][prior]
        assert toy["1"]["energy_distance"] < 0.1 * toy["0"]["energy_distance"]
    assert report["toy"]["shifted"]["0"]["right_mode"] > 0.9
    assert report["toy"]["shifted"]["1"]["right_mode"] == pytest.approx(0.5, abs=0.04)
    assert report["toy"]["right"]["0"]["energy_distance"] < 0.005


def test_forgetting_grows_with_noise_and_falls_with_variance(report):
    rows = list(report["forgetting"]["rho"].values())
    assert all(row == sorted(row, reverse=True) for row in rows)
    assert [row[0] for row in rows] == sorted((row[0] for row in rows), reverse=True)


def test_the_command(monkeypatch, tmp_path, report):
    from yuragi.cli import app

    monkeypatch.setattr("yuragi.research.lab.kl.contraction", lambda seed: report)
    monkeypatch.setattr("yuragi.research.lab.kl_pictures.COUNT", 200)
    monkeypatch.setattr("yuragi.research.lab.kl_pictures.STEPS", 5)
    path, pictures = tmp_path / "kl.json", tmp_path / "pictures"
    result = CliRunner().invoke(app, ["lab", "kl", "-o", str(path), "--pictures", str(pictures)])
    assert result.exit_code == 0, result.output
    assert json.loads(path.read_text())["gaussian_golden"] == report["gaussian_golden"]
    assert sorted(p.name for p in pictures.iterdir()) == ["kl-curves.png", "kl-toy.png"]
