"""What is told of an uploaded picture."""

import pytest

from located import located
from yuragi.images.read import read_picture
from yuragi.service.uploads import checked


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_has_the_size_at_which_it_is_shown(picture, kind, orientation):
    upload = checked(located(picture.resize((60, 40)), kind, orientation), "image", 10_000)
    assert (upload.width, upload.height) == ((40, 60) if orientation > 4 else (60, 40))
    assert read_picture(upload.data, "image").size == (upload.width, upload.height)
