"""Configurations that name code, other files or settings, or ask for too much."""

from __future__ import annotations

import base64
import io
import json
import marshal
import pickle
from typing import Any

import h5py

from lamina.core.errors import (
    DataLossError,
    InvalidArgumentError,
    OpError,
    UnimplementedError,
    UnknownNameError,
)
from tests.fuzz.mutating import packed
from tests.fuzz.targets import TARGETS

from .arrays import Runs
from .attack import Attack

_HUGE = 10**12
Config = dict[str, Any]


def layer(class_name: str, module: str | None = "keras.layers", /, **config: Any) -> Config:
    """The configuration of an object."""
    return {"module": module, "class_name": class_name, "config": config, "registered_name": None}


def function(name: str, module: str) -> Config:
    """The configuration of a function in a module."""
    inner = {"module": module, "class_name": "function", "config": name}
    return {**inner, "registered_name": "function"}


DENSE = layer("Dense", units=1)


def model(*layers: Config, dtype: str = "float32", compiled: Config | None = None) -> bytes:
    """A sequential model, as JSON."""
    first = layer("InputLayer", batch_shape=[None, 4], dtype=dtype, name="inputs")
    made = layer("Sequential", "keras", name="network", layers=[first, *layers])
    return json.dumps({**made, "compile_config": compiled}).encode()


def _step(name: str, *arguments: Any, shape: Any = (None, 4), **settings: Any) -> bytes:
    """A functional model in which an operation stands."""
    inputs = {"args": list(arguments), "kwargs": {}}
    first = layer("InputLayer", batch_shape=list(shape), dtype="float32", name="inputs")
    step = layer(name, "keras.src.ops.numpy", name="step", **settings)
    layers = [
        {**first, "name": "inputs", "inbound_nodes": []},
        {**step, "name": "step", "inbound_nodes": [inputs]},
    ]
    ends = {"input_layers": [["inputs", 0, 0]], "output_layers": [["step", 0, 0]]}
    return json.dumps(layer("Functional", "keras", name="f", layers=layers, **ends)).encode()


# Code ---------------------------------------------------------------------------------------------


def _bytecode() -> str:
    return base64.encodebytes(marshal.dumps(compile("print(1)", "x", "eval"))).decode()


def _lambda(**more: Any) -> Config:
    config = {"value": [_bytecode(), None, None], "code": _bytecode(), **more}
    return {"class_name": "__lambda__", "config": config}


def lambda_bytecode() -> bytes:
    return model(layer("Lambda", function=_lambda()))


def lambda_bytecode_as_activation() -> bytes:
    return model(layer("Dense", units=1, activation=_lambda()))


def lambda_of_keras_2() -> bytes:
    written = {"name": "old", "function": [_bytecode(), None, None], "function_type": "lambda"}
    return model(layer("Lambda", module="keras.layers") | {"config": written})


def lambda_in_a_loss() -> bytes:
    return model(DENSE, compiled={"optimizer": "sgd", "loss": _lambda()})


def lambda_with_a_forged_mark() -> bytes:
    return model(layer("Lambda", function=_lambda(written_by="0123456789abcdef-0")))


def lambda_without_a_module() -> bytes:
    made = layer("Lambda", function=_lambda())
    del made["module"]
    return model(made)


def lambda_in_an_old_file() -> bytes:
    content = io.BytesIO(TARGETS["hdf5"].seeds()[0])
    with h5py.File(content, "r+") as file:
        file.attrs["model_config"] = lambda_bytecode()
    return content.getvalue()


def lambda_that_turns_safety_off() -> bytes:
    return model(layer("Lambda", function=_lambda(), safe_mode=False))


def module_of_the_system() -> bytes:
    return model(layer("system", "os", command="exit 7"))


def function_of_the_system() -> bytes:
    return model(layer("Dense", units=1, activation=function("system", "os")))


def builtin_function() -> bytes:
    return model(layer("Lambda", function=function("eval", "builtins"), arguments={}))


def popen_as_a_class() -> bytes:
    return model(layer("Popen", "subprocess", args=["id"]))


def module_that_imports() -> bytes:
    return model(layer("antigravity", "antigravity"))


def function_of_keras_that_downloads() -> bytes:
    get_file = function("get_file", "keras.utils")
    return model(layer("Lambda", function=get_file, arguments={"origin": "file:///etc/passwd"}))


def setting_that_turns_safety_off() -> bytes:
    name = "enable_unsafe_deserialization"
    return model(layer("Lambda", function=function(name, "keras.config")))


def setting_as_a_class() -> bytes:
    return model(layer("set_floatx", "keras.config", value="float16"))


def global_attribute() -> bytes:
    setter = function("set_global_attribute", "keras.src.backend.common.global_state")
    return model(layer("Lambda", function=setter, arguments={"value": False}))


def another_model_inside() -> bytes:
    load = function("load_model", "keras.models")
    return model(layer("Lambda", function=load, arguments={"safe_mode": False}))


def saved_model_of_tensorflow() -> bytes:
    return model(layer("TFSMLayer", filepath="/tmp/evil", call_endpoint="serve"))


def module_of_torch() -> bytes:
    content = base64.b64encode(pickle.dumps(Runs())).decode()
    return model(layer("TorchModuleWrapper", module=content))


def layer_of_jax() -> bytes:
    return model(layer("JaxLayer", call_fn=function("system", "os")))


def method_of_a_class() -> bytes:
    return model(layer("Dense.__init__.__globals__", units=1))


def object_of_another_kind() -> bytes:
    return model(layer("Dense", units=1, kernel_initializer=layer("Mean", "keras.metrics")))


# Files --------------------------------------------------------------------------------------------


def vocabulary_of_the_host() -> bytes:
    return model(layer("StringLookup", vocabulary="/etc/passwd"), dtype="string")


def vocabulary_of_a_server() -> bytes:
    return model(layer("StringLookup", vocabulary="gs://bucket/words"), dtype="string")


def integers_of_the_host() -> bytes:
    return model(layer("IntegerLookup", vocabulary="/etc/passwd"), dtype="int32")


# Too much -----------------------------------------------------------------------------------------


def absurd_layer() -> bytes:
    return model(layer("Dense", units=10**15))


def absurd_embedding() -> bytes:
    return model(layer("Embedding", input_dim=2**60, output_dim=4), dtype="int32")


def absurd_input() -> bytes:
    first = layer("InputLayer", batch_shape=[None, _HUGE], dtype="float32")
    return json.dumps(layer("Sequential", "keras", layers=[first, DENSE])).encode()


def absurd_normalization() -> bytes:
    first = layer("InputLayer", batch_shape=[None, _HUGE], dtype="float32")
    layers = [first, layer("Normalization")]
    return json.dumps(layer("Sequential", "keras", layers=layers)).encode()


def absurd_number_of_unknown_tokens() -> bytes:
    return model(layer("StringLookup", num_oov_indices=10**8, vocabulary=["a"]), dtype="string")


def absurd_number_of_bins() -> bytes:
    return model(layer("Discretization", num_bins=_HUGE))


def _metric(name: str, **config: Any) -> bytes:
    metric = layer(name, "keras.metrics", **config)
    return model(DENSE, compiled={"optimizer": "sgd", "loss": "mse", "metrics": [metric]})


def absurd_number_of_thresholds() -> bytes:
    return _metric("AUC", num_thresholds=10**9)


def absurd_number_of_steps_to_a_recall() -> bytes:
    return _metric("PrecisionAtRecall", recall=0.5, num_thresholds=10**9)


def absurd_confusion() -> bytes:
    return _metric("MeanIoU", num_classes=10**5)


def absurd_number_of_classes() -> bytes:
    return _metric("MeanIoU", num_classes=2**31)


def constant_of_terabytes() -> bytes:
    return _step("Arange", 0, stop=_HUGE, dtype="float32")


def identity_of_terabytes() -> bytes:
    return _step("Eye", 10**6)


def _tensor() -> dict[str, Any]:
    return layer("__keras_tensor__", None, keras_history=["inputs", 0, 0])


def differences_without_end() -> bytes:
    return _step("Diff", _tensor(), n=10**9)


def line_of_gigabytes() -> bytes:
    return _step("Linspace", _tensor(), _tensor(), num=10**9)


def parts_without_end() -> bytes:
    return _step("ArraySplit", _tensor(), indices_or_sections=10**9)


def product_over_all_axes() -> bytes:
    return _step("Tensordot", _tensor(), _tensor(), axes=10**9)


def diagonal_of_gigabytes() -> bytes:
    return _step("Diagflat", _tensor(), shape=[None, 100])


def columns_without_end() -> bytes:
    return _step("Unstack", _tensor(), shape=[None, 10**8], axis=1)


def power_without_end() -> bytes:
    return _step("Power", 10**6, 10**6)


def pattern_without_end() -> bytes:
    sgd = layer("SGD", "keras.optimizers")
    patterns = {r"(([a-z/_0-9])+.?)+[A-Z]$": sgd}
    chosen = layer(
        "OptimizerMap", "keras.optimizers", default_optimizer=sgd, optimizer_map=patterns
    )
    several = layer("MultiOptimizer", "keras.optimizers", optimizer_map=chosen)
    return model(DENSE, compiled={"optimizer": several, "loss": "mse"})


def pattern_of_dtypes() -> bytes:
    policies = {"(a+)+$": "float32"}
    dtype = layer(
        "DTypePolicyMap", "keras.dtype_policies", default_policy="float32", policy_map=policies
    )
    return model(layer("Dense", units=1, dtype=dtype))


def pattern_of_layers() -> bytes:
    muon = layer("Muon", "keras.optimizers", exclude_layers=[".*a.*b.*c.*d.*e.*"])
    return model(DENSE, compiled={"optimizer": muon, "loss": "mse"})


def nested_a_thousand_times() -> bytes:
    deep: Any = DENSE
    for _ in range(200):
        deep = layer("Pipeline", layers=[deep])
    return model(deep)


def layers_without_end() -> bytes:
    words = [layer("Zeros", "keras.initializers")] * 10_001
    return json.dumps(layer("Dense", units=1, kernel_initializer=words)).encode()


def brackets() -> bytes:
    return b"[" * 200_000


def number_of_many_digits() -> bytes:
    return model(layer("Dense", units=7)).replace(b"7", b"7" * 100_000)


def steering_characters() -> bytes:
    return model(layer("\x1b[2J\n\x07evil" * 500))


def steering_characters_in_a_name() -> bytes:
    return model(layer("Dense", units=1, name="\x1b]0;evil\x07"))


def name_without_end() -> bytes:
    return model(layer("Dense", units=1, name="x" * 10**6))


def configuration_of_gigabytes() -> bytes:
    return packed([("config.json", b" " * (2**26 + 1)), ("model.weights.h5", b"")], 8)


_LAMBDA, _FUNCTION = "never runs code from a file", "imports nothing that a file names"
_SAFE, _MUCH = "is not read for safety; call set_vocabulary", "is more than a file may ask for"
_WEIGHT, _STEP = "is more than the file can hold", "is called on no tensor of the model"


def _rows(error: type[OpError], refused: str, *rows: tuple[str, Any]) -> list[Attack]:
    return [Attack(origin, "json", make, refused, error) for origin, make in rows]


ATTACKS = [
    *_rows(
        UnimplementedError,
        _LAMBDA,
        ("CVE-2024-3660", lambda_bytecode),
        ("CVE-2024-3660", lambda_bytecode_as_activation),
        ("CVE-2024-3660", lambda_in_a_loss),
        ("CVE-2026-12481", lambda_without_a_module),
        ("own", lambda_with_a_forged_mark),
    ),
    Attack("CVE-2025-9905", "hdf5", lambda_in_an_old_file, _LAMBDA, UnimplementedError),
    Attack(
        "CVE-2024-3660",
        "json",
        lambda_of_keras_2,
        "the function of the Lambda layer 'old' is stored as code",
        UnimplementedError,
    ),
    Attack("CVE-2025-9906", "json", lambda_that_turns_safety_off, _LAMBDA, UnimplementedError),
    *_rows(
        UnknownNameError,
        _FUNCTION,
        ("CVE-2025-1550", module_of_the_system),
        ("CVE-2025-1550", function_of_the_system),
        ("CVE-2025-1550", builtin_function),
        ("CVE-2025-1550", popen_as_a_class),
        ("CVE-2025-1550", module_that_imports),
        ("CVE-2025-8747", function_of_keras_that_downloads),
        ("CVE-2025-9906", setting_that_turns_safety_off),
        ("CVE-2025-9906", setting_as_a_class),
        ("CVE-2025-9906", global_attribute),
        ("CVE-2025-8747", another_model_inside),
        ("CVE-2026-1462", saved_model_of_tensorflow),
        ("CVE-2025-49655", module_of_torch),
        ("CVE-2025-1550", layer_of_jax),
        ("own", method_of_a_class),
    ),
    *_rows(OpError, "is expected; got a Mean", ("own", object_of_another_kind)),
    *_rows(
        UnimplementedError,
        _SAFE,
        ("CVE-2025-12058", vocabulary_of_the_host),
        ("CVE-2025-12058", vocabulary_of_a_server),
        ("CVE-2025-12058", integers_of_the_host),
    ),
    *_rows(
        InvalidArgumentError,
        _WEIGHT,
        ("CWE-789", absurd_layer),
        ("CWE-789", absurd_embedding),
        ("CWE-789", absurd_input),
        ("CWE-789", absurd_normalization),
    ),
    *_rows(
        InvalidArgumentError,
        _MUCH,
        ("CWE-789", absurd_number_of_unknown_tokens),
        ("CWE-789", absurd_number_of_bins),
        ("CWE-789", absurd_number_of_thresholds),
        ("CWE-789", absurd_number_of_steps_to_a_recall),
        ("CWE-789", absurd_confusion),
        ("CWE-789", absurd_number_of_classes),  # found by the fuzzer
        ("CWE-400", differences_without_end),
        ("CWE-789", line_of_gigabytes),
        ("CWE-400", parts_without_end),
        ("CWE-400", product_over_all_axes),
        ("CWE-789", diagonal_of_gigabytes),
        ("CWE-400", columns_without_end),
    ),
    *_rows(
        InvalidArgumentError,
        _STEP,
        ("CWE-789", constant_of_terabytes),
        ("CWE-789", identity_of_terabytes),
        ("CWE-400", power_without_end),
    ),
    *_rows(
        InvalidArgumentError,
        "is too intricate to be taken from a file",
        ("CWE-1333", pattern_without_end),
        ("CWE-1333", pattern_of_dtypes),
        ("CWE-1333", pattern_of_layers),
    ),
    *_rows(InvalidArgumentError, "10,000 objects at most", ("CWE-400", layers_without_end)),
    *_rows(DataLossError, "nested too deeply", ("CWE-674", nested_a_thousand_times)),
    *_rows(
        DataLossError,
        "JSON is damaged",
        ("CWE-674", brackets),
        ("CWE-400", number_of_many_digits),
    ),
    *_rows(UnknownNameError, "is not known to lamina", ("CWE-150", steering_characters)),
    *_rows(
        InvalidArgumentError,
        "or has some that cannot be shown",
        ("CWE-150", steering_characters_in_a_name),
        ("CWE-400", name_without_end),
    ),
    Attack(
        "CWE-400", "archive", configuration_of_gigabytes, "is larger than 67,108,864 bytes|claim"
    ),
]
