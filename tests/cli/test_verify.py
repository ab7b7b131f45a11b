"""`--sign`, `--mark` and `yuragi verify`: words, exit codes and JSON."""

import json
import shutil

import pytest

pytest.importorskip("c2pa", reason="the optional dependencies c2pa are not installed")

from provenance_files import altered


@pytest.fixture(autouse=True)
def own_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def edit(cli, pipeline_folder):
    def run(image, output, *more):
        given = ["--prompt", "red", "--steps", 4, "--model", pipeline_folder, "-q"]
        code, _, err = cli("sdedit", image, *given, "-o", output, *more)
        return code, err

    return run


def test_who_made_it_from_what_and_how(cli, edit, picture, tmp_path):
    picture.save(tmp_path / "face.png")
    assert edit("face.png", "one.jpg", "--sign")[0] == 0
    assert edit("one.jpg", "two.png", "--sign", "--mark", "--seed", 3)[0] == 0
    code, out, _ = cli("verify", "two.png")
    assert code == 5
    lines = out.splitlines()
    assert lines[0].startswith("not altered since it was signed; no trust anchor vouches")
    assert "Yuragi untrusted development certificate" in lines[1]
    assert "made from one.jpg, whose own credentials held" in lines
    (edited,) = [each for each in lines if each.startswith("edited: sdedit with the model tiny@")]
    assert edited.endswith("seed 3 (compositeWithTrainedAlgorithmicMedia)")
    assert "edited: the visible mark AI in a corner" in lines
    root = tmp_path / "data/yuragi/credentials/untrusted-development/root.pem"
    assert cli("verify", "two.png", "--trust", root)[0] == 0
    code, out, _ = cli("verify", "two.png", "--trust", root, "--json")
    told = json.loads(out)
    assert (code, told["verdict"], told["sentences"]) == (0, "trusted", told["sentences"])
    assert cli("replay", "two.png", "--device", "cpu", "-q")[1] == "identical, bit for bit\n"


def test_a_bend_is_signed_as_made_without_a_model(cli, picture, tmp_path):
    picture.save(tmp_path / "face.png")
    bend = ["drag", "face.png", "--point", "26,22:30,22", "--motion", "bend"]
    assert cli(*bend, "--sign", "-o", "bent.png")[0] == 0
    assert "edited: drag without a model (humanEdits)" in cli("verify", "bent.png")[1].splitlines()


def test_exit_codes_of_other_files(cli, edit, picture, tmp_path):
    picture.save(tmp_path / "face.png")
    code, out, _ = cli("verify", "face.png")
    assert (code, out.startswith("no credentials")) == (3, True)
    assert edit("face.png", "out.png", "--sign")[0] == 0
    (tmp_path / "out.png").write_bytes(altered((tmp_path / "out.png").read_bytes()))
    code, out, _ = cli("verify", "out.png")
    assert (code, out.startswith("ALTERED")) == (1, True)
    assert "does not hold: assertion.dataHash.mismatch" in out
    (tmp_path / "text.txt").write_text("words")
    # The system's own file of this process's memory cannot be read from its beginning.
    for name in ("text.txt", "missing.png", ".", "/proc/self/mem"):
        assert cli("verify", name)[0] == 2


def test_signing_is_checked_before_a_model_runs(cli, edit, picture, tmp_path):
    picture.save(tmp_path / "face.png")
    code, err = edit("face.png", "out.png", "--sign", "--certificate", "a.pem", "--key", "b.pem")
    assert code == 2
    assert err == "error: --certificate: the file is missing (a.pem)\n"
    code, err = edit("face.png", "out.png", "--sign", "--key", "b.pem")
    assert (code, "--certificate is missing" in err) == (2, True)
    shutil.rmtree(tmp_path / "data", ignore_errors=True)
    assert not (tmp_path / "out.png").exists()


def test_a_sample_was_created_by_a_model(cli, pipeline_folder):
    given = ["--prompt", "red", "--steps", 2, "--model", pipeline_folder, "-o", "a.png", "-q"]
    assert cli("sample", *given, "--sign")[0] == 0
    out = cli("verify", "a.png")[1]
    assert "created: sample with the model tiny@" in out
    assert "(trainedAlgorithmicMedia)" in out
    assert "made from" not in out


def test_without_the_package_the_command_says_what_to_install(cli, edit, picture, monkeypatch):
    picture.save("face.png")
    for place in ("sign", "process"):
        monkeypatch.setattr(f"yuragi.provenance.{place}.find_spec", lambda name: None)
    for code, err in (edit("face.png", "out.png", "--sign"), cli("verify", "face.png")[::2]):
        assert code == 2
        assert "needs more packages" in err
        assert "pip install 'yuragi-diffusion[c2pa]'" in err
