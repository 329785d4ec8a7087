"""Pictures get lighter, and look the same."""

import base64
import io

import numpy as np
from matplotlib.figure import Figure
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image

from reproduce.lighter import SEEN, light, lighten


def drawn():
    figure, packed = Figure(figsize=(6, 4)), io.BytesIO()
    figure.subplots().plot(np.sin(np.linspace(0, 20, 500)))
    figure.savefig(packed, format="png")
    return packed.getvalue()


def of_pixels(pixels):
    packed = io.BytesIO()
    Image.fromarray(pixels).save(packed, format="png")
    return packed.getvalue()


def colours(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"), dtype=float)


def test_a_drawing_is_smaller_and_looks_the_same():
    png = drawn()
    found = light(png)
    assert len(found) < 0.7 * len(png)
    assert np.abs(colours(found) - colours(png)).mean() <= SEEN


def test_what_a_palette_would_change_stays_as_it_is():
    photograph = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    assert light(png := of_pixels(photograph)) is png


def test_outputs_and_pictures_in_markup_are_made_light():
    text = base64.b64encode(drawn()).decode()
    markup = f'<p>before</p><img alt="a" src="data:image/png;base64,{text}"><p>after</p>'
    data = {"image/png": text, "text/html": markup, "text/plain": "<Figure>"}
    cell = new_code_cell(outputs=[new_output("display_data", data=data)])
    found = lighten(new_notebook(cells=[cell])).cells[0].outputs[0].data
    assert found["image/png"] == base64.b64encode(light(drawn())).decode()
    assert found["text/html"] == markup.replace(text, found["image/png"])
    assert found["text/plain"] == "<Figure>"
