"""Files to look into: sound ones, and one for each thing that is suspicious."""

from __future__ import annotations

import base64
import io
import json
import marshal
import os
import pickle
import stat
import zipfile

import h5py
import numpy as np

import lamina as tf
from lamina.inspection.report import REFUSED
from lamina.keras.saving import model_members

keras = tf.keras
CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
CODE = base64.b64encode(marshal.dumps((lambda x: os.system(x) + 1).__code__)).decode()


def network():
    model = keras.Sequential(
        [
            keras.Input((4,), name="inputs"),
            keras.layers.Dense(3, activation="relu", name="hidden"),
            keras.layers.Dropout(0.5, name="dropout"),
            keras.layers.Dense(1, name="output"),
        ],
        name="network",
    )
    model.compile("adam", "mse", metrics=["mae"])
    return model


def weights_with(change):
    """The weights of the network, after `change(h5)`."""
    content = io.BytesIO(model_members(network())[WEIGHTS])
    with h5py.File(content, "r+") as h5:
        change(h5)
    return content.getvalue()


def write(path, extra=(), **changes):
    """A `.keras` file of the network; members changed (None: left out), `extra` ones added."""
    names = {"config": CONFIG, "metadata": METADATA, "weights": WEIGHTS}
    members = {**model_members(network()), **{names[key]: v for key, v in changes.items()}}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in [*members.items(), *extra]:
            if content is not None:
                archive.writestr(name, content)
    return path


def layer_config(entry):
    """The network's configuration with one layer more, as `entry` describes it."""
    config = json.loads(model_members(network())[CONFIG])
    config["config"]["layers"].append(entry)
    return json.dumps(config).encode()


def _lambda(module="keras.layers"):
    function = {"class_name": "__lambda__", "config": {"code": CODE}}
    config = {"name": "sneaky", "function": function}
    return layer_config({"module": module, "class_name": "Lambda", "config": config})


def _named(class_name, place, **config):
    entry = {"module": place, "class_name": class_name, "config": {"name": "odd", **config}}
    return layer_config(entry)


def _function(module, name):
    function = {"module": module, "class_name": "function", "config": name}
    return _named("Activation", "keras.layers", activation=function)


def _nested(depth):
    return (b'{"class_name": "A", "config": ' * depth) + b"{}" + b"}" * depth


def _link():
    info = zipfile.ZipInfo("assets/link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info, b"/etc/passwd"


def _bomb():
    info = zipfile.ZipInfo("assets/bomb")
    info.compress_type = zipfile.ZIP_DEFLATED
    return info, bytes(300 * 2**20)


def _nan(h5):
    h5["layers/dense/vars/0"][0, 0] = np.nan


def _external(h5):
    del h5["layers/dense/vars/0"]
    h5["layers/dense/vars/0"] = h5py.ExternalLink("/etc/secret.h5", "/x")


def _elsewhere(h5):
    del h5["layers/dense/vars/0"]
    h5.create_dataset("layers/dense/vars/0", (4, 3), "f4", external=[("/etc/passwd", 0, 48)])


def _circle(h5):
    h5["layers/dense/again"] = h5["layers"]


def _soft(h5):
    h5["layers/soft"] = h5py.SoftLink("/layers/soft")


def _absurd(h5):
    del h5["layers/dense/vars/0"]
    h5.create_dataset("layers/dense/vars/0", (2**40, 2**20), "f4", chunks=(64, 64))


def _other_shape(h5):
    del h5["layers/dense/vars/0"]
    h5["layers/dense/vars/0"] = np.zeros((4, 7), "f4")


def _unowned(h5):
    h5["layers/ghost/vars/0"] = np.zeros(3, "f4")


# What is suspicious: a word of the finding, its severity, and what makes such a `.keras` file.
SUSPICIOUS = {
    "lambda": ("Python code in the file", "danger", lambda p: write(p, config=_lambda())),
    "lambda of Keras 2": (
        "Python code in the file",
        "danger",
        lambda p: write(p, config=_named("Lambda", "keras.layers", function=[CODE, None, None])),
    ),
    "named lambda": (
        "a Lambda layer",
        "warning",
        lambda p: write(p, config=_named("Lambda", "keras.layers", function="helper")),
    ),
    "class of the system": (
        "names a class elsewhere: os.system",
        "danger",
        lambda p: write(p, config=_named("system", "os")),
    ),
    "class of somebody": (
        "names a class elsewhere: evil.things.Layer",
        "warning",
        lambda p: write(p, config=_named("Layer", "evil.things")),
    ),
    "class that looks like Keras's": (
        "names a class elsewhere: keras_evil.layers.Dense",
        "warning",
        lambda p: write(p, config=_named("Dense", "keras_evil.layers")),
    ),
    "settings": (
        "names a function elsewhere: keras.config.enable_unsafe",
        "danger",
        lambda p: write(p, config=_function("keras.config", "enable_unsafe_deserialization")),
    ),
    "downloads": (
        "names a function elsewhere: keras.src.utils.get_file",
        "danger",
        lambda p: write(p, config=_function("keras.src.utils", "get_file")),
    ),
    "pickled module": (
        "a layer that runs code: TorchModuleWrapper",
        "danger",
        lambda p: write(p, config=_named("TorchModuleWrapper", "keras.layers", module="gASV")),
    ),
    "vocabulary in a file": (
        "names a file or address: secrets.txt",
        "danger",
        lambda p: write(p, config=_named("StringLookup", "keras.layers", vocabulary="secrets.txt")),
    ),
    "address": (
        "names a file or address: https://",
        "danger",
        lambda p: write(p, config=_named("Dense", "keras.layers", origin="https://a.example/x")),
    ),
    "deep": ("a configuration beyond measure", "danger", lambda p: write(p, config=_nested(300))),
    "way out": (
        f"{REFUSED}: its member '../../x.py' leads out of its folder",
        "danger",
        lambda p: write(p, [("../../x.py", b"1")]),
    ),
    "link": (
        f"{REFUSED}: its member 'assets/link' is a link",
        "danger",
        lambda p: write(p, [_link()]),
    ),
    "bomb": (f"{REFUSED}: its members claim", "danger", lambda p: write(p, [_bomb()])),
    "program": (
        "a program or pickle in the archive",
        "warning",
        lambda p: write(p, [("a.py", b"1")]),
    ),
    "external link": (
        "a link to the file '/etc/secret.h5'",
        "danger",
        lambda p: write(p, weights=weights_with(_external)),
    ),
    "external numbers": (
        f"{REFUSED}: /layers/dense/vars/0 has its numbers in another file",
        "danger",
        lambda p: write(p, weights=weights_with(_elsewhere)),
    ),
    "circle": (
        f"{REFUSED}: /layers/dense/again is a group inside of itself",
        "danger",
        lambda p: write(p, weights=weights_with(_circle)),
    ),
    "soft link": (
        "a link to '/layers/soft'",
        "warning",
        lambda p: write(p, weights=weights_with(_soft)),
    ),
    "absurd size": (
        f"{REFUSED}: /layers/dense/vars/0 claims",
        "danger",
        lambda p: write(p, weights=weights_with(_absurd)),
    ),
    "other shape": (
        "configuration and weights differ",
        "warning",
        lambda p: write(p, weights=weights_with(_other_shape)),
    ),
    "unowned": (
        "weights without a layer",
        "warning",
        lambda p: write(p, weights=weights_with(_unowned)),
    ),
    "not finite": (
        "NaN or infinite weights",
        "warning",
        lambda p: write(p, weights=weights_with(_nan)),
    ),
    "a pickle by that name": (
        "a misleading name",
        "warning",
        lambda p: p.write_bytes(pickle.dumps([1])),
    ),
}


class Attack:
    """What unpickling would do: leave a file behind."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)
