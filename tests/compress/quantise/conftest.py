import pytest

from tests.compress.quantise.nets import Trained, train_digits


@pytest.fixture(scope="session")
def digits() -> Trained:
    return train_digits()
