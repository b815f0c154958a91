import pytest

from lilliput.core.errors import UnknownName
from lilliput.core.registry import Registry


@pytest.fixture
def things():
    registry = Registry("thing")
    for name in ("ds_cnn_s", "ds_cnn_l", "resnet8"):
        registry.add(name, name.upper())
    return registry


def test_names_are_sorted_and_matched(things):
    assert list(things) == ["ds_cnn_l", "ds_cnn_s", "resnet8"]
    assert things.match("ds_*") == ["ds_cnn_l", "ds_cnn_s"]
    assert things["resnet8"] == "RESNET8"
    assert "resnet8" in things
    assert len(things) == 3


def test_an_unknown_name_suggests_near_ones(things):
    with pytest.raises(UnknownName, match="no thing is called 'ds_cnn'") as caught:
        things["ds_cnn"]
    assert "ds_cnn_s" in caught.value.fix


def test_the_same_name_twice_is_refused(things):
    with pytest.raises(ValueError, match="'resnet8' is registered already"):
        things.add("resnet8", 1)


def test_modules_of_the_package_are_found_when_first_asked():
    codes = Registry("verb", "json")  # any package of plain modules
    assert len(codes) == 0
    import sys

    assert "json.tool" in sys.modules
