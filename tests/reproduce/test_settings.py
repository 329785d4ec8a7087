"""Parameters are read by type, and what cannot be read says how to write it."""

import math
from dataclasses import dataclass

import pytest

from reproduce import settings


@dataclass(frozen=True)
class Settings:
    data: str = "digits"
    epochs: int = 20
    rate: float = 1e-3
    fresh_start: bool = False
    seeds: tuple[int, ...] = (0,)
    betas: tuple[float, ...] = (1e-3,)
    names: tuple[str, ...] = ()
    limit: int | None = None
    depths: tuple[int, ...] = (1,)

    def __post_init__(self) -> None:
        if self.epochs > 100:
            raise ValueError(f"epochs must be at most 100, got {self.epochs}")


@dataclass(frozen=True)
class Images:
    images: int = 0


@dataclass(frozen=True)
class Machine:
    machine: Images = Images()
    images: int = 0


GIVEN = dict(
    data="digits",
    epochs=3,
    rate=1,
    fresh_start=True,
    seeds=[1, 2],
    betas=[0, 0.5],
    names=["a"],
    limit=None,
    depths=[1],
)


def test_values_become_the_types_of_their_fields():
    found = settings.read(Settings, GIVEN)
    assert found == Settings("digits", 3, 1.0, True, (1, 2), (0.0, 0.5), ("a",), None)
    assert isinstance(found.rate, float) and isinstance(found.betas[0], float)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (dict(rate="1e-3"), "rate must be a number, got the text '1e-3'; write 1.0e-3"),
        (dict(rate="0.001"), "rate must be a number, got the text '0.001'; write 0.001"),
        (dict(rate="fast"), "rate must be a number, got the text 'fast'"),
        (dict(epochs="2e1"), "epochs must be an integer, got the text '2e1'; write 20"),
        (dict(epochs=2.5), "epochs must be an integer, got 2.5"),
        (dict(epochs=True), "epochs must be an integer, got True"),
        (dict(rate=None), "rate must be a number, got None"),
        (dict(fresh_start=1), "fresh_start must be true or false, got 1"),
        (dict(data=7), "data must be a text, got 7; write '7'"),
        (dict(seeds=3), r"seeds must be a list, got 3; write \[3\]"),
        (dict(seeds=[0, 1.0]), r"seeds\[1\] must be an integer, got 1.0"),
        (dict(seeds="[3, 4]"), r".* write \[3, 4\], .* -y 'seeds: \[3, 4\]'"),
        (dict(betas="1e-3"), "betas must be a list, got '1e-3'"),
        (dict(limit="4"), "limit must be an integer, got the text '4'; write 4"),
    ],
)
def test_other_types_are_refused_with_the_cure(changed, message):
    with pytest.raises(TypeError, match=f"^{message}"):
        settings.read(Settings, GIVEN | changed)


def test_names_and_limits_are_refused():
    with pytest.raises(ValueError, match="no parameter 'epoch'; did you mean 'epochs'"):
        settings.read(Settings, GIVEN | dict(epoch=3))
    with pytest.raises(ValueError, match="parameters lacks rate"):
        settings.read(Settings, {name: value for name, value in GIVEN.items() if name != "rate"})
    with pytest.raises(ValueError, match="epochs must be at most 100, got 101"):
        settings.read(Settings, GIVEN | dict(epochs=101))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (dict(epochs=0), "epochs must be at least 1, got 0"),
        (dict(limit=-1), "limit must be at least 1, got -1"),
        (dict(rate=-1.0), "rate must be a finite number, zero or more, got -1.0"),
        (dict(rate=math.nan), "rate must be a finite number, zero or more, got nan"),
        (dict(betas=[0.1, math.inf]), r"betas\[1\] must be a finite number, zero or more"),
        (dict(seeds=[-1]), r"seeds\[0\] must be a finite number, zero or more, got -1"),
        (dict(depths=[1, 0]), r"depths\[1\] must be at least 1, got 0"),
    ],
)
def test_numbers_that_no_setting_can_be_are_refused(changed, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        settings.read(Settings, GIVEN | changed)


def test_zero_images_are_all_of_them():
    assert settings.read(Machine, dict(machine=dict(images=0), images=0)).images == 0
    with pytest.raises(ValueError, match=r"^machine\['images'\] must be a finite number"):
        settings.read(Machine, dict(machine=dict(images=-1), images=0))


def test_what_ipython_and_every_experiment_have_is_known():
    shell = dict(_dh=["here"], _i1="code", In=[""], Out={}, profile="smoke", members=[])
    assert settings.read(Settings, GIVEN | shell).epochs == 3


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("fresh", "false", "fresh must be true or false, got the text 'false'; write False"),
        ("fresh", 1, "fresh must be true or false, got 1"),
        ("members", "vib", "members must be a list, got 'vib'"),
        ("members", None, "members must be a list, got None"),
        ("profile", 3, "profile must be a text, got 3"),
    ],
)
def test_parameters_of_all_notebooks_are_typed_too(name, value, message):
    with pytest.raises(TypeError, match=f"^{message}"):
        settings.convert(name, value, settings.COMMON[name])
