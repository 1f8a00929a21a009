"""tf.config says honestly that there is one processor, and refuses what would need more."""

from __future__ import annotations

from typing import Any

import pytest

import lamina as tf
from lamina.core.errors import InvalidArgumentError, UnimplementedError

CPU = tf.config.list_physical_devices("CPU")[0]
EXPERIMENTAL = tf.config.experimental


def test_there_is_one_processor() -> None:
    assert tf.config.list_physical_devices() == EXPERIMENTAL.list_physical_devices() == [CPU]
    assert tf.config.PhysicalDevice("/physical_device:CPU:0", "CPU") == CPU
    assert repr(CPU) == "PhysicalDevice(name='/physical_device:CPU:0', device_type='CPU')"
    assert [d.name for d in tf.config.list_logical_devices("CPU")] == ["/device:CPU:0"]
    for ask in (tf.config.list_physical_devices, tf.config.list_logical_devices):
        assert ask("GPU") == []
    assert tf.config.get_visible_devices() == [CPU]
    assert EXPERIMENTAL.get_device_details(CPU) == {}
    assert tf.config.get_logical_device_configuration(CPU) is None
    assert not tf.test.is_gpu_available() and tf.test.gpu_device_name() == ""
    assert not tf.test.is_built_with_cuda()


def test_what_is_true_anyway_may_be_asked_for() -> None:
    tf.config.set_visible_devices([], "GPU")
    tf.config.set_visible_devices(CPU)
    tf.config.set_logical_device_configuration(CPU, [tf.config.LogicalDeviceConfiguration()])
    tf.config.set_soft_device_placement(False)
    tf.config.optimizer.set_jit(True)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    EXPERIMENTAL.enable_op_determinism()
    EXPERIMENTAL.set_synchronous_execution(True)
    EXPERIMENTAL.enable_tensor_float_32_execution(False)
    assert EXPERIMENTAL.get_synchronous_execution() and tf.config.get_soft_device_placement()
    assert not EXPERIMENTAL.tensor_float_32_execution_enabled()
    assert tf.config.threading.get_inter_op_parallelism_threads() == 1


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: tf.config.set_visible_devices([], "CPU"), InvalidArgumentError, "be hidden"),
        (lambda: tf.config.set_visible_devices("GPU:0"), InvalidArgumentError, "got 'GPU:0'"),
        (
            lambda: EXPERIMENTAL.set_memory_growth(CPU, True),
            InvalidArgumentError,
            "graphics processors only",
        ),
        (lambda: EXPERIMENTAL.get_memory_growth(CPU), InvalidArgumentError, "graphics"),
        (
            lambda: tf.config.set_logical_device_configuration(
                CPU, [tf.config.LogicalDeviceConfiguration()] * 2
            ),
            UnimplementedError,
            "into 2",
        ),
        (lambda: tf.config.optimizer.set_jit(False), UnimplementedError, "backend = 'interp'"),
        (
            lambda: tf.config.threading.set_inter_op_parallelism_threads(4),
            UnimplementedError,
            "set_intra_op",
        ),
        (lambda: EXPERIMENTAL.set_synchronous_execution(False), UnimplementedError, "no other way"),
        (
            lambda: EXPERIMENTAL.enable_tensor_float_32_execution(True),
            UnimplementedError,
            "all its digits",
        ),
        (lambda: EXPERIMENTAL.get_memory_groth, AttributeError, "mean 'get_memory_growth'"),
        (lambda: tf.config.list_physical_device, AttributeError, "mean 'list_physical_devices'"),
        (lambda: tf.config.experimental_connect_to_host, AttributeError, "one machine's"),
    ],
)
def test_what_cannot_be_is_refused(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_threads_of_native_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tf.config, "threads", 0)
    tf.config.threading.set_intra_op_parallelism_threads(2)
    assert tf.config.threads == tf.config.threading.get_intra_op_parallelism_threads() == 2


def test_settings_and_methods_are_listed() -> None:
    assert {"threads", "list_physical_devices", "experimental"} <= set(dir(tf.config))
    assert "get_memory_growth" in dir(EXPERIMENTAL)


@pytest.mark.parametrize(
    ("name", "code"), [("NotFoundError", 5), ("InternalError", 13), ("AbortedError", 10)]
)
def test_errors_have_the_numbers_and_the_constructor_of_tensorflow(name: str, code: int) -> None:
    error = getattr(tf.errors, name)(None, None, "what happened")
    assert str(error) == error.message == "what happened"
    assert error.error_code == code
    assert tf.errors.SymbolicShapeError("x").error_code == tf.errors.INVALID_ARGUMENT == 3
