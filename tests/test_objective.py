"""The one scalar loss moves the right weights by the right amount; the theorems hold on discrete toys."""

import numpy as np
import pytest
import tensorflow as tf

from bigan.config import Config
from bigan.data.spec import Spec
from bigan.model import BiGAN

import keras

pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the reference uses GradientTape")
