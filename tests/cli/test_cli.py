"""The command line: what it writes, what it says, and how it refuses."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import yuragi
from yuragi.device import LESS
from yuragi.errors import OutOfMemoryError
from yuragi.models import names

QUICK = ["--preset", "fast", "--steps", "4", "--seed", "1"]


@pytest.fixture
def face(tmp_path, picture):
    path = tmp_path / "face.png"
    picture.save(path)
    return path


@pytest.fixture
def drag(cli, face, pipeline_folder):
    def call(*arguments, point="26,22:38,22", output="out.png"):
        points = ["--point", point] if point else []
        return cli(
            "drag", face, *points, "-o", output, "--model", pipeline_folder, *QUICK, *arguments
        )

    return call


def written(folder):
    return sorted(path.name for path in folder.iterdir())


def test_version(cli):
    assert cli("--version") == (0, f"yuragi {yuragi.__version__}\n", "")


def test_help_names_the_commands_and_loads_no_torch():
    code = (
        "import sys\nfrom yuragi.cli import main\n"
        "sys.argv = ['yuragi', '--help']\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print('torch' in sys.modules, 'numpy' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for command in ("drag", "sample", "replay", "models", "train", "bench"):
        assert f" {command} " in done.stdout
    assert done.stderr.strip().endswith("False False")


@pytest.mark.parametrize("more", [["--preview"], ["--motion", "bend"]])
def test_a_preview_and_a_bend_load_no_diffusers(tmp_path, more):
    """Which takes longer than the warp by far."""
    code = (
        "import sys\nfrom yuragi.cli import main\n"
        "sys.argv = ['yuragi', *sys.argv[1:]]\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print('diffusers' in sys.modules, 'transformers' in sys.modules, file=sys.stderr)"
    )
    picture, output = tmp_path / "picture.png", tmp_path / "preview.png"
    Image.effect_noise((64, 64), 50).convert("RGB").save(picture)
    asked = ["drag", picture, "--point", "20,20:30,24", *more, "-o", output]
    command = [sys.executable, "-c", code, *map(str, asked)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr.strip().endswith("False False")
    assert output.exists()


def test_drag_writes_result_comparison_and_animation(drag, tmp_path, face):
    code, out, err = drag(
        "--compare", "both.png", "--animation", "new/steps.gif", "--prompt", "red"
    )
    assert code == 0
    assert out.split() == ["out.png", "both.png", "new/steps.gif"]
    assert "network evaluations" in err
    with Image.open(tmp_path / "out.png") as result:
        request = json.loads(result.text["yuragi"])["request"]
        assert result.size == (64, 48)
        assert "Seed: 1" in result.text["parameters"]
    assert request["points"] == [[[26, 22], [38, 22]]]
    with Image.open(tmp_path / "both.png") as both:
        assert both.width > 2 * 6 * 64
    with Image.open(tmp_path / "new" / "steps.gif") as steps:
        assert steps.n_frames > 2


def test_replay_is_identical(drag, cli, tmp_path, face):
    mask = np.zeros((48, 64), np.uint8)
    mask[8:40, 8:56] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    assert drag("--mask", "mask.png")[0] == 0
    face.unlink()  # the result carries its sources
    code, out, _ = cli("replay", "out.png", "-o", "again.png")
    assert (code, out) == (0, "again.png\nidentical, bit for bit\n")


@pytest.mark.parametrize("suffix", ["jpg", "jpeg", "webp"])
def test_other_formats_replay_identically(drag, cli, face, suffix):
    name = f"out.{suffix}"
    assert drag("--compare", f"both.{suffix}", output=name)[:2] == (0, f"{name}\nboth.{suffix}\n")
    face.unlink()
    again = ["replay", name, "-o", f"again.{suffix}"]
    assert cli(*again)[:2] == (0, f"again.{suffix}\nidentical, bit for bit\n")


def test_replay_says_when_a_picture_was_changed(drag, cli, tmp_path):
    drag()
    with Image.open(tmp_path / "out.png") as result:
        changed = result.copy()
        info = result.text
    changed.putpixel((3, 3), (1, 2, 3))
    from PIL.PngImagePlugin import PngInfo

    texts = PngInfo()
    texts.add_text("yuragi", info["yuragi"])
    changed.save(tmp_path / "changed.png", pnginfo=texts)
    code, out, _ = cli("replay", "changed.png", "--source", "face.png")
    assert code == 1
    assert "differs by up to" in out


def test_replay_without_sources_asks_for_them(drag, cli):
    drag("--no-embed")
    code, _, err = cli("replay", "out.png")
    assert code == 2
    assert err.splitlines()[-1].startswith("error: --source must be the picture face.png")
    assert cli("replay", "out.png", "--source", "face.png")[0] == 0


def test_sample_writes_a_folder(cli, tmp_path, pipeline_folder):
    arguments = ["sample", "--prompt", "red hair", "-n", 2, "-o", "drawn", "--steps", 2]
    code, out, err = cli(*arguments, "--model", pipeline_folder)
    assert code == 0
    assert out.split() == ["drawn/sample-0000.png", "drawn/sample-0001.png"]
    assert "seed" in err
    code, _, err = cli(*arguments, "--model", pipeline_folder)
    assert code == 2
    assert "--overwrite" in err


def test_without_a_command_there_is_help_and_no_error(cli):
    code, out, err = cli()
    assert (code, out, err) == (0, cli("--help")[1], "")
    for group in ("config", "jobs"):
        code, out, err = cli(group)
        assert (code, err) == (2, "")
        assert out.strip() == cli(group, "--help")[1].strip()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["drag", "a.png", "--radus", 3], "No such option: --radus (did you mean --radius?)"),
        (["drag", "a.png", "--zzz", 3], "No such option: --zzz"),
        (["jobs", "prune"], "Missing option '--older-than'."),
        (["darg"], "No such command 'darg'. Did you mean 'drag'?"),
    ],
)
def test_a_command_that_cannot_be_read_is_one_line(cli, arguments, told):
    assert cli(*arguments) == (2, "", f"error: {told}\n")


def test_an_error_that_is_no_input_names_options_too(cli, monkeypatch, tmp_path):
    def load(*arguments):
        raise OutOfMemoryError(f"out of memory; {LESS}")

    monkeypatch.setattr(names, "load_model", load)
    code, _, err = cli("sample", "--prompt", "red", "-o", "a.png")
    assert code == 2
    assert "half precision (--dtype), the autoencoder in tiles (--vae-tiling)" in err
    assert "a smaller picture (resize)" in err  # which a sample does not have


def test_models(cli):
    code, out, _ = cli("models")
    assert (code, out.split()[0]) == (0, "portraits")
    code, out, _ = cli("models", "--path", "portraits")
    assert os.path.isfile(os.path.join(out.strip(), "model_index.json"))


BAD = {
    "no such file": (["drag", "none.png", "--point", "1,1:2,2"], "image", "none.png"),
    "not an image": (["drag", "text.png", "--point", "1,1:2,2"], "image", "text.png"),
    "a folder": (["drag", "folder", "--point", "1,1:2,2"], "image", "(folder)"),
    "too large": (
        ["drag", "face.png", "--point", "1,1:2,2", "--max-pixels", "1000"],
        "image",
        "64x48 = 3,072 pixels (face.png)",
    ),
    "target outside": (["drag", "face.png", "--point", "1,1:64,2"], "--point", "target 64,2"),
    "source outside": (["drag", "face.png", "--point", "-1,1:6,2"], "--point", "source -1,1"),
    "equal points": (["drag", "face.png", "--point", "5,5:5,5"], "--point", "5,5"),
    "odd points": (["drag", "face.png", "--point", "5,5"], "--point", "5,5"),
    "malformed points": (["drag", "face.png", "--point", "a,b:c,d"], "--point", "a,b:c,d"),
    "mask of another size": (
        ["drag", "face.png", "--point", "1,1:2,2", "--mask", "small.png"],
        "--mask",
        "8x8",
    ),
    "black mask": (
        ["drag", "face.png", "--point", "1,1:2,2", "--mask", "black.png"],
        "--mask",
        "all black",
    ),
    "no model": (["drag", "face.png", "--point", "1,1:2,2", "--model", "none"], "--model", "none"),
    "pickle": (
        ["drag", "face.png", "--point", "1,1:2,2", "--model", "weights.ckpt"],
        "--model",
        "weights.ckpt",
    ),
    "empty folder as model": (
        ["drag", "face.png", "--point", "1,1:2,2", "--model", "folder"],
        "--model",
        "folder",
    ),
    "t0": (["drag", "face.png", "--point", "1,1:2,2", "--t0", "0"], "--strength", "0"),
    "sampler": (["drag", "face.png", "--point", "1,1:2,2", "--sampler", "x"], "--sampler", "x"),
    "no move": (
        ["drag", "face.png", "--select", "5,5 20,5 20,20"],
        "--select: the selection stays",
        "give a distance (--move), an angle (--rotate) or a factor (--enlarge)",
    ),
    "turn of nothing": (
        ["drag", "face.png", "--rotate", "10"],
        "--rotate: there is nothing to rotate",
        "give corners (--select)",
    ),
    "two corners": (
        ["drag", "face.png", "--select", "5,5 20,5", "--move", "1,1"],
        "--select must be three or more corners",
        "5,5 20,5",
    ),
    "a selection away": (
        ["drag", "face.png", "--select", "5,5 20,5 20,20", "--move", "99,0"],
        "--select: the target is completely outside",
        "target 104,5 119,5 119,20",
    ),
    "a selection onto black": (
        ["drag", "face.png", "--select", "5,5 9,5 9,9", "--move", "3,0", "--mask", "corner.png"],
        "--select: the mask is black all over the target",
        "target 8,5 12,5 12,9",
    ),
    "equal sources": (
        ["drag", "face.png", "--point", "5,5:9,9", "--point", "5,5:20,5"],
        "--point: two points have the same source",
        "(5,5)",
    ),
    "limit of pixels": (
        ["drag", "face.png", "--point", "1,1:2,2", "--max-pixels", "1000"],
        "image",
        "raise the limit (--max-pixels)",
    ),
    "nothing to fill": (["inpaint", "face.png"], "--mask", "added (--expand)"),
    "output that exists": (
        ["drag", "face.png", "--point", "1,1:2,2", "-o", "small.png"],
        "--output: the file exists",
        "(small.png); choose another name, or add --overwrite",
    ),
    "move of nothing": (["drag", "face.png", "--move", "1,1"], "--move", "(1.0, 1.0)"),
    "odd corners": (
        ["drag", "face.png", "--select", "5,5 20", "--move", "1,1"],
        "--select",
        "5,5 20",
    ),
    "odd move": (["drag", "face.png", "--select", "5,5 9,5 9,9", "--move", "1"], "--move", "1"),
    "size": (
        ["drag", "face.png", "--select", "5,5 9,5 9,9", "--enlarge", "0"],
        "--enlarge",
        "0",
    ),
    "rank of no lora": (
        ["drag", "face.png", "--point", "1,1:2,2", "--lora-rank", "4"],
        "--lora-rank",
        "4",
    ),
    "rank of a lora": (
        ["drag", "face.png", "--point", "1,1:2,2", "--lora", "--lora-rank", "0"],
        "--lora-rank",
        "0",
    ),
    "preset": (["drag", "face.png", "--point", "1,1:2,2", "--preset", "x"], "--preset", "x"),
    "device": (["drag", "face.png", "--point", "1,1:2,2", "--device", "x"], "--device", "x"),
    "number": (["sample", "--prompt", "red", "-n", "0"], "--number", "0"),
    "a power": (["sample", "--prompt", "red", "-n", "²"], "--number", "²"),
    "too many": (["sample", "--prompt", "red", "-n", "3000000"], "--number", "3000000"),
    "a wide picture": (["sample", "--prompt", "red", "--width", "99999"], "--width", "99999"),
    "many pixels": (
        ["sample", "--prompt", "red", "--width", "16384", "--height", "16384"],
        "--width",
        "268,435,456 pixels",
    ),
    "half a character": (["sample", "--prompt", "caf\udce9"], "--prompt", "caf\\udce9"),
    "endless margins": (["inpaint", "face.png", "--expand", "inf,0,0,0"], "--expand", "inf,0,0,0"),
    "large margins": (
        ["inpaint", "face.png", "--expand", "9,9,9,9", "--max-pixels", "4000"],
        "--expand",
        "82x66 = 5,412 pixels",
    ),
    "no result of ours": (["replay", "face.png"], "image", "face.png"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_nothing_is_written(cli, face, tmp_path, case):
    arguments, option, given = BAD[case]
    (tmp_path / "text.png").write_text("text")
    (tmp_path / "weights.ckpt").write_bytes(b"\x80\x04.")
    (tmp_path / "folder").mkdir()
    Image.new("L", (8, 8), 255).save(tmp_path / "small.png")
    Image.new("L", (64, 48), 0).save(tmp_path / "black.png")
    corner = Image.new("L", (64, 48), 0)
    corner.putpixel((63, 47), 255)
    corner.save(tmp_path / "corner.png")
    before = written(tmp_path)
    output = [] if "-o" in arguments else ["-o", "new" if "sample" in arguments else "new/out.png"]
    code, out, err = cli(*arguments, *output)
    assert code == 2
    assert out == ""
    assert err.startswith(f"error: {option}")
    assert given in err
    assert err.count("\n") == 1
    assert written(tmp_path) == before


@pytest.mark.parametrize(
    ("output", "arguments"),
    [
        ("face.png", []),
        ("face.png", ["--overwrite"]),
        ("taken.png", []),
        ("folder.png", []),
        ("out.tiff", []),
        ("/proc/none/out.png", []),
        ("taken.png/out.png", []),
        ("out.png", ["--compare", "out.png"]),
        ("out.png", ["--compare", "taken.png"]),
        ("out.png", ["--animation", "face.png", "--overwrite"]),
        ("out.png", ["--animation", "steps.mp4"]),
    ],
)
def test_outputs_that_would_cost_something_are_refused(drag, face, tmp_path, output, arguments):
    (tmp_path / "taken.png").write_bytes(b"precious")
    (tmp_path / "folder.png").mkdir()
    before, kept = written(tmp_path), face.read_bytes()
    code, out, err = drag(*arguments, output=output)
    assert (code, out) == (2, "")
    assert err.startswith(("error: --output", "error: --compare", "error: --animation"))
    assert err.count("\n") == 1
    assert written(tmp_path) == before
    assert face.read_bytes() == kept
    assert (tmp_path / "taken.png").read_bytes() == b"precious"


def test_a_pickle_inside_a_pipeline_is_refused(drag, tmp_path, pipeline_folder):
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(pipeline_folder, copy)
    weights = copy / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    code, _, err = drag("--model", copy)
    assert code == 2
    assert "pickles can run code" in err
    assert not (tmp_path / "out.png").exists()


def test_interrupting_leaves_nothing(drag, tmp_path, monkeypatch):
    import yuragi.tasks.pasting

    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(yuragi.tasks.pasting, "from_tensor", interrupted)
    before = written(tmp_path)
    assert drag("--animation", "steps.gif")[0] == 130
    assert written(tmp_path) == before


def test_drag_candidates_and_regions(drag, tmp_path):
    code, out, err = drag("-n", "2", "--preset", "fast")
    assert code == 0
    assert out.split() == ["out-0000.png", "out-0001.png"]
    assert err.count(": intent 0.") == 2
    assert "departure" in err
    region = "10,10 40,10 40,40:15,10 45,10 45,40"
    code, out, _ = drag("--region", region, "--preset", "warp", point=None, output="b.png")
    assert code == 0
    with Image.open(tmp_path / "b.png") as result:
        request = json.loads(result.text["yuragi"])["request"]
    assert request["regions"][0]["target"] == [[15, 10], [45, 10], [45, 40]]


def test_drag_a_selection_by_its_handles(drag, tmp_path):
    handles = ["--select", "10,10 30,10 30,30 10,30", "--move", "5,0", "--enlarge", "1.5"]
    assert drag(*handles, "--preset", "warp", point=None)[0] == 0
    with Image.open(tmp_path / "out.png") as result:
        (region,) = json.loads(result.text["yuragi"])["request"]["regions"]
    assert region["source"] == [[10, 10], [30, 10], [30, 30], [10, 30]]
    assert region["target"] == [[10, 5], [40, 5], [40, 35], [10, 35]]


def test_drag_with_a_lora(drag, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    settings = ["--lora", "--lora-rank", "2", "--lora-steps", "3", "--lora-learning-rate", "0.001"]
    assert drag(*settings)[0] == 0
    with Image.open(tmp_path / "out.png") as result:
        asked = json.loads(result.text["yuragi"])["request"]["lora"]
    assert asked == {"rank": 2, "steps": 3, "learning_rate": 0.001, "floor": 0.5, "seed": 0}
    assert len(list((tmp_path / "cache").rglob("*.safetensors"))) == 1


def test_options_about_loading_come_first(cli, face, pipeline_folder, tmp_path):
    settings = ["drag", face, "--point", "26,22:38,22", "--model", pipeline_folder, *QUICK]
    assert cli("--dtype", "bfloat16", *settings, "-o", "a.png")[0] == 0
    assert cli(*settings, "-o", "b.png")[0] == 0
    origins = []
    for name in ("a.png", "b.png"):
        with Image.open(tmp_path / name) as result:
            origins.append(json.loads(result.text["yuragi"])["origin"]["dtype"])
    assert origins == ["bfloat16", "float32"]
    code, _, err = cli("--dtype", "int8", *settings, "-o", "c.png")
    assert (code, err.startswith("error: --dtype must be one of")) == (2, True)
    settings[settings.index("--model") + 1] = "owner/name"
    code, _, err = cli("--offline", *settings, "-o", "c.png")
    assert (code, "yuragi models fetch owner/name" in err) == (2, True)


def test_a_preview_of_several_candidates_is_one_picture(drag, tmp_path):
    code, out, err = drag("--preview", "--preset", "warp", "-n", 3)
    assert (code, out) == (0, "out.png\n")
    assert err == "warning: a preview is one picture, not 3\n"
    assert written(tmp_path) == ["face.png", "out.png"]


def test_preview_runs_no_model(drag, tmp_path, monkeypatch):
    monkeypatch.setattr(names, "load_model", lambda *arguments: pytest.fail("loaded"))
    assert drag("--preview", "--preset", "warp", "--compare", "both.png")[0] == 0
    with Image.open(tmp_path / "out.png") as result:
        assert result.size == (64, 48)
    code, _, err = drag("--preview", "--preset", "fast", output="c.png")
    assert (code, err.startswith("error: --preset must be warp")) == (2, True)


@pytest.mark.parametrize("resize", [[], ["--resize", "32"]])
def test_a_photograph_is_bent_without_a_network(cli, tmp_path, pipeline_folder, resize):
    noise = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "photo.png")
    drag = ["drag", "photo.png", "--point", "26,22:30,22", "--model", pipeline_folder, "--json"]
    code, out, err = cli(*drag, "--radius", "16", "--rigid", "0.5", *resize, "-o", "out.png")
    assert code == 0, err
    told = json.loads(out)
    assert told["evaluations"] == 0
    assert told["request"]["radius"] == (8 if resize else 16)
    code, _, err = cli(*drag, "--radius", "wide", *resize, "-o", "other.png")
    assert (code, err.startswith("error: --radius")) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "option", "given"),
    [
        (["--region", "1,1 2,2"], "--region", "1,1 2,2"),
        (["--radius", "9"], "--radius", "9.0"),
        (["--region", "1,1 30,1 30,a:1,1 2,2 3,3"], "--region", ""),
        (["--sampler", "adaptive", "--preset", "paper"], "--sampler", "adaptive"),
    ],
)
def test_bad_drags_by_warp(drag, arguments, option, given):
    code, _, err = drag(*arguments)
    assert code == 2
    assert err.splitlines()[-1].startswith(f"error: {option}")
    assert given in err


def test_models_are_named_verified_and_forgotten(cli, pipeline_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    code, out, _ = cli("models", "add", "mine", pipeline_folder, "--note", "tiny")
    assert (code, out.startswith("mine@")) == (0, True)
    assert "tiny" in cli("models")[1]
    assert cli("models", "verify")[:2] == (0, "mine: as it was\n")
    code, _, err = cli("models", "add", "mine", pipeline_folder)
    assert (code, err.startswith("error: name must be a name that is not taken")) == (2, True)
    assert cli("models", "verify", "other")[0] == 2
    assert cli("models", "remove", "mine")[0] == 0
    assert "tiny" not in cli("models")[1]


def test_replay_wants_force_for_another_version(drag, cli, tmp_path, pipeline_folder):
    import shutil

    from safetensors.torch import load_file, save_file

    drag()
    other = shutil.copytree(pipeline_folder, tmp_path / "other")
    (file,) = (other / "unet").glob("*.safetensors")
    save_file({name: 1.01 * value for name, value in load_file(file).items()}, file)
    code, _, err = cli("replay", "out.png", "--model", other)
    assert (code, "--force" in err) == (2, True)
    code, out, err = cli("replay", "out.png", "--model", other, "--force")
    assert code == 1
    assert "differs" in out
    assert "not those that made this picture" in err
