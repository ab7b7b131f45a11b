"""Facts about a model for the page: what it knows, and whether it knows a picture and words."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Body

from yuragi.models.names import model_path
from yuragi.models.opening import Opening
from yuragi.service.held import Service
from yuragi.service.jobs import NotFound
from yuragi.service.naming import check_asked
from yuragi.service.requests import any_json
from yuragi.service.studio.wire import Familiarity, ModelFacts, Settled, Words, WordsAsked
from yuragi.tasks.base import Request
from yuragi.tasks.defaults import defaults_of
from yuragi.tasks.picture import PictureRef, pictures_of
from yuragi.tasks.tasks import TASKS

if TYPE_CHECKING:
    from yuragi.models.model import DiffusionModel
    from yuragi.models.vocabulary import Vocabulary

__all__ = ["router"]

router = APIRouter()
LOADING = threading.Lock()
"""Held while a model or a tokenizer is loaded: if two threads import parts of transformers and
diffusers at the same time, one can see a module that is not complete yet."""
MEASURING = threading.Lock()
"""Held while a picture is measured: requests of the page must not crowd out the jobs."""
ANY = PictureRef(name="", digest="0" * 32, width=512, height=512)
"""A placeholder for a picture, which does not affect defaults."""


@router.get("/models/{name}")
def facts(name: str) -> ModelFacts:
    """What a model knows."""
    from yuragi.models.card import entry_of
    from yuragi.models.vocabulary import kinds_of

    folder = _folder(name)
    return ModelFacts(knows=entry_of(folder, "knows"), words=kinds_of(folder))


@router.post("/words")
def words(asked: WordsAsked) -> Words:
    """The words of a text that a model does not know."""
    folder = _folder(asked.model)
    with LOADING:
        known = _vocabulary(folder)
    return Words(unknown={word: known.nearest(word) for word in known.unknown(asked.text)})


@router.get("/familiarity")
def familiarity(service: Service, model: str, image: str) -> Familiarity:
    """How well a model knows a picture; measured only if the model has a calibration."""
    from yuragi.images.read import read_picture
    from yuragi.models.familiarity import FAMILIARITY
    from yuragi.models.familiarity import familiarity as measured
    from yuragi.models.fingerprint import fingerprint
    from yuragi.tasks.foreign import foreign

    folder = _folder(model)
    if not (folder / FAMILIARITY).is_file():
        return Familiarity(familiarity=None, foreign=False)
    picture = read_picture(service.assets.read(image), max_pixels=service.settings.max_pixels)
    with LOADING:
        loaded = _loaded(model, fingerprint(folder))
    with MEASURING:
        found = measured(loaded, picture)
    return Familiarity(familiarity=found, foreign=foreign(found))


@router.post("/settled/{kind}")
def settled(kind: str, options: Mapping[str, Any] = Body()) -> Settled:
    """The options of a request; the model and the preset decide those that are not given."""
    if kind not in TASKS:
        raise NotFound(f"there is no task {kind}; there are {', '.join(TASKS)}")
    task = TASKS[kind]
    known = task.model_fields.keys() - pictures_of(task)
    given = {name: each for name, each in options.items() if name in known and each is not None}
    check_asked(task, given)
    given |= {name: "" for name in ("prompt", "source_prompt") if name in known - given.keys()}
    own = defaults_of(task, _folder(str(given.get("model", "portraits"))))
    pictures = {"image": ANY} if "image" in task.model_fields else {}
    with any_json():
        request: Request = task(**{**given, **own.filling(given), **pictures})
    hidden = {"image", "mask", "seed", "prompt", "source_prompt", "negative_prompt"}
    return Settled(values=request.model_dump(mode="json", exclude=hidden))


def _folder(name: str) -> Path:
    """The folder of a model that requests can name.

    Raises:
        InputError: there is no such model.
    """
    check_asked(TASKS["sample"], {"model": name})
    return model_path(name)


@lru_cache(maxsize=4)
def _vocabulary(folder: Path) -> Vocabulary:
    """The vocabulary of a pipeline's folder; without a tokenizer every word is known."""
    from transformers import AutoTokenizer

    from yuragi.models.vocabulary import Vocabulary

    places = [each for each in sorted(folder.glob("tokenizer*")) if each.is_dir()]
    return Vocabulary(
        [AutoTokenizer.from_pretrained(each, local_files_only=True) for each in places]
    )


@lru_cache(maxsize=1)
def _loaded(name: str, weights: str) -> DiffusionModel:
    """A model on the CPU, for two evaluations; `weights` distinguishes versions of its folder."""
    from yuragi.models.names import load_model

    return load_model(name, Opening(device="cpu", offline=True))
