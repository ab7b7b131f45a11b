"""Where models lie that were loaded by path."""

import os
import subprocess
import sys

from yuragi.models.names import load_model
from yuragi.models.opening import Opening
from yuragi.models.places import place_of

WHERE = "from yuragi.folders import cache_folder; print(cache_folder('places'))"


def test_a_path_is_remembered_by_the_weights(pipeline_folder, caches):
    model = load_model(str(pipeline_folder), Opening(device="cpu"))
    assert place_of(model.weights) == pipeline_folder
    file = caches / "yuragi" / "places" / model.weights
    assert file.read_text() == str(pipeline_folder)
    assert place_of("0" * 32) is None
    assert place_of("../names") is None


def test_processes_that_tests_start_remember_in_the_same_folder(caches):
    done = subprocess.run(
        [sys.executable, "-c", WHERE], capture_output=True, text=True, check=True, env=os.environ
    )
    assert done.stdout.strip() == str(caches / "yuragi" / "places")
