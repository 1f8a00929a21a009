"""What Keras's Layer offers besides building and calling."""

from __future__ import annotations

from typing import Any

import keras as theirs
import numpy as np
import pytest

import lamina as tf
from lamina.core.errors import UnimplementedError
from lamina.keras.masks import get_mask

layers = tf.keras.layers
ROWS = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)


class Followed(layers.Layer):
    """A layer with a weight of its own, a layer, a metric and a seed."""

    def __init__(self) -> None:
        super().__init__(name="followed")
        self.scale = self.add_variable((), "ones", name="scale")
        self.dense = layers.Dense(2, name="dense", kernel_regularizer="l2")
        self.drop = layers.Dropout(0.5, seed=1)
        self.mean = tf.keras.metrics.Mean(name="mean")

    def call(self, inputs: Any) -> Any:
        found = self.drop(self.dense(inputs)) * self.scale
        self.mean.update_state(found)
        return found


def test_metrics_are_state_apart() -> None:
    layer = Followed()
    layer(ROWS)
    assert layer.metrics == [layer.mean]
    assert [v.name for v in layer.metrics_variables] == ["total:0", "count:0"]
    assert len(layer.variables) == 4 and len(layer.weights) == 3
    assert layer.submodules == (layer.dense, layer.drop)
    assert layer._flatten_layers() == [layer, *layer.submodules]


def test_paths_name_the_layers_around() -> None:
    class Model(tf.keras.Model):
        def __init__(self) -> None:
            super().__init__(name="outer")
            self.inner = Followed()

        def call(self, inputs: Any) -> Any:
            return self.inner(inputs)

    model = Model()
    assert model.inner.dense.path is None
    model(ROWS)
    wanted = ["outer/inner/scale", "outer/followed/dense/kernel", "outer/followed/dense/bias"]
    assert [weight.path for weight in model.weights][1:] == wanted[1:]
    assert model.path == "outer" and model.inner.dense.path == "outer/followed/dense"
    stack = tf.keras.Sequential([layers.Dense(1, name="one")], name="stack")
    stack.build((None, 3))
    known = tf.keras.Sequential([tf.keras.Input((3,)), layers.Dense(1, name="one")], name="stack")
    assert stack.weights[0].path == known.weights[0].path == "stack/one/kernel"
    assert layers.Dense(1, name="alone")(tf.keras.Input((3,))).operation.layer.path == "alone"


@pytest.mark.parametrize("training", [False, True])
def test_a_stateless_call_writes_nothing(training: bool) -> None:
    layer = Followed()
    layer(ROWS)
    trainable = [2 * weight for weight in layer.trainable_variables]
    state = [variable.read_value() for variable in layer.non_trainable_variables]
    before = layer.get_weights()
    with tf.GradientTape() as tape:
        tape.watch(trainable)
        found, after, losses = layer.stateless_call(
            trainable, state, ROWS, training=training, return_losses=True
        )
        total = tf.reduce_sum(found) + losses[0]
    gradients = tape.gradient(total, trainable)
    for own, kept in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(own, kept)
    np.testing.assert_array_equal(layer.non_trainable_variables[0], state[0])
    assert (np.asarray(after[0]) != np.asarray(state[0])).any() == training
    layer.set_weights([2 * weight for weight in before])
    with tf.GradientTape() as tape:
        wanted = layer(ROWS, training=training)
        total = tf.reduce_sum(wanted) + layer.losses[0]
    np.testing.assert_array_equal(found, wanted)
    for ours, direct in zip(
        gradients, tape.gradient(total, layer.trainable_variables), strict=True
    ):
        np.testing.assert_allclose(ours, direct, rtol=1e-6)
    with pytest.raises(ValueError, match="expects 3 trainable_variables; got 1"):
        layer.stateless_call(trainable[:1], state, ROWS)
    with pytest.raises(ValueError, match="needs variables"):
        Followed().stateless_call([], [], ROWS)


def test_a_stateless_call_inside_a_function() -> None:
    layer = layers.Dense(2)
    layer(ROWS)

    @tf.function
    def doubled(x: Any) -> Any:
        inside, _ = layer.stateless_call([2 * w for w in layer.trainable_variables], [], x)
        return inside, layer(x)

    inside, outside = doubled(ROWS)
    np.testing.assert_allclose(inside, 2 * outside.numpy(), rtol=1e-6)


def test_attributes_of_the_first_symbolic_call() -> None:
    layer, inputs = layers.Dense(2), tf.keras.Input((3,))
    with pytest.raises(AttributeError, match="not called"):
        _ = layer.output
    outputs = layer(inputs)
    assert layer.input is inputs and layer.output is outputs
    assert layer.input_shape == (None, 3) and layer.output_shape == (None, 2)
    joined = layers.Add()
    joined([inputs, inputs])
    assert joined.input == [inputs, inputs] and joined.input_shape == [(None, 3), (None, 3)]
    masked = layers.Masking()
    masked(tf.keras.Input((4, 3)))
    assert masked.output_shape == (None, 4, 3)
    extractor = tf.keras.Model(layer.input, layer.output)
    np.testing.assert_array_equal(extractor(ROWS), layer(ROWS))


def test_calls_by_their_number() -> None:
    layer, first, second = layers.Dense(2), tf.keras.Input((3,)), tf.keras.Input((3,))
    outputs = [layer(first), layer(second)]
    assert layer.get_input_at(1) is second and layer.get_output_at(0) is outputs[0]
    with pytest.raises(ValueError, match="2 times; there is no call number 2"):
        layer.get_output_at(2)


def test_a_layer_may_use_these_names_itself() -> None:
    class Own(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.output = layers.Dense(2)
            self.output_shape = (7,)

        def call(self, inputs: Any) -> Any:
            return self.output(inputs)

    layer = Own()
    assert layer(ROWS).shape == (5, 2) and layer.output_shape == (7,) and len(layer.weights) == 2


class Two(layers.Layer):
    """A layer that is built for two shapes."""

    def build(self, right_shape: Any, left_shape: Any) -> None:
        self.shapes = left_shape, right_shape
        self.kernel = self.add_weight(shape=(left_shape[-1], right_shape[-1]))

    def call(self, left: Any, right: Any) -> Any:
        return (left @ self.kernel) * right


def test_build_gets_the_shapes_that_it_names() -> None:
    layer = Two()
    assert layer(ROWS, ROWS[:, :2]).shape == (5, 2)
    assert layer.shapes == ((None, 3), (None, 2))
    config = layer.get_build_config()
    assert config == {"shapes_dict": {"right_shape": [None, 2], "left_shape": [None, 3]}}
    again = Two()
    again.build_from_config(config)
    assert again.built and again.shapes == layer.shapes
    by_name = Two()
    by_name(right=ROWS[:, :1], left=ROWS)
    assert by_name.shapes == ((None, 3), (None, 1))


class Gated(layers.Layer):
    """A layer that may be built for a second shape."""

    def build(self, inputs_shape: Any, gate_shape: Any = None, *, depth: int = 1) -> None:
        self.shapes = inputs_shape, gate_shape

    def call(self, inputs: Any, gate: Any = None) -> Any:
        return inputs if gate is None else inputs * gate


def test_build_gets_the_shapes_that_it_may_be_given() -> None:
    for arguments, gate_shape in (((ROWS,), None), ((ROWS, ROWS[:, :1]), (None, 1))):
        layer = Gated()
        layer(*arguments)
        assert layer.shapes == ((None, 3), gate_shape)


def test_specifications_of_outputs() -> None:
    inputs, layer = tf.keras.Input((3,)), layers.Dense(2)
    for method in (layer.compute_output_spec, layer.symbolic_call):
        found = method(inputs)
        assert found.shape == (None, 2) and found.dtype == tf.float32
    with pytest.raises(AttributeError, match="not called"):
        _ = layer.input


def test_training_by_place_and_what_is_refused() -> None:
    noisy = layers.Dropout(0.5)
    assert (noisy(np.ones((50, 50), np.float32), True).numpy() == 0).any()
    layer = layers.Dense(2)
    with pytest.raises(UnimplementedError, match="quantize"):
        layer.quantize("int8")
    with pytest.raises(UnimplementedError, match="overwrite_with_gradient"):
        layer.add_weight((2,), overwrite_with_gradient=True)
    assert layer.add_weight((2,), aggregation="mean").shape == (2,)
    with pytest.raises(ValueError, match="trainable is True or False"):
        layers.Dense(2, trainable="yes")
    with pytest.raises(ValueError, match="no weights yet"):
        layer = layers.Dense(2)
        layer.count_params()


SPECS: list[tuple[dict[str, Any], tuple[int, ...]]] = [
    ({"ndim": 3}, (5, 3)),
    ({"min_ndim": 3}, (5, 3)),
    ({"max_ndim": 1}, (5, 3)),
    ({"axes": {-1: 4}}, (5, 3)),
    ({"shape": (None, 4)}, (5, 3)),
    ({"dtype": "int32"}, (5, 3)),
    ({"shape": (None, 3, 1), "allow_last_axis_squeeze": True}, (5, 4, 1)),
]


@pytest.mark.parametrize(("arguments", "shape"), SPECS)
def test_input_specs_refuse_what_keras_refuses(
    arguments: dict[str, Any], shape: tuple[int, ...]
) -> None:
    for library in (theirs, tf.keras):
        layer = library.layers.Identity()
        layer.input_spec = library.layers.InputSpec(**arguments)
        with pytest.raises(ValueError, match="incompatible with the"):
            layer(np.ones(shape, np.float32))


@pytest.mark.parametrize(
    ("arguments", "shape"),
    [
        ({"shape": (None, 3, 1), "allow_last_axis_squeeze": True}, (5, 3)),
        ({"shape": (None, 3)}, (5, 3)),
        ({"ndim": 2, "axes": {1: 3}, "dtype": "float32"}, (5, 3)),
        ({}, ()),
    ],
)
def test_input_specs_take_what_keras_takes(
    arguments: dict[str, Any], shape: tuple[int, ...]
) -> None:
    for library in (theirs, tf.keras):
        spec = library.layers.InputSpec(**arguments)
        layer = library.layers.Identity()
        layer.input_spec = spec
        assert np.asarray(layer(np.ones(shape, np.float32))).shape == shape
    assert repr(tf.keras.layers.InputSpec(**arguments)) == repr(
        theirs.layers.InputSpec(**arguments)
    )
    assert spec.get_config() == theirs.layers.InputSpec(**arguments).get_config()
    assert type(spec).from_config(spec.get_config()).get_config() == spec.get_config()


def test_input_specs_of_several_inputs() -> None:
    layer = layers.Lambda(lambda inputs: inputs["a"] + inputs["b"])
    layer.input_spec = [layers.InputSpec(ndim=2, name="a"), layers.InputSpec(ndim=2, name="b")]
    assert layer({"a": ROWS, "b": ROWS}).shape == (5, 3)
    with pytest.raises(ValueError, match="no data for the input 'b'"):
        layer({"a": ROWS})
    with pytest.raises(ValueError, match=r"expects 2 input\(s\), but it received 1"):
        layer(ROWS)
    with pytest.raises(TypeError, match="axes"):
        layers.InputSpec(axes=3)
    with pytest.raises(ValueError, match="axis 2 is greater"):
        layers.InputSpec(ndim=2, axes={2: 1})
    assert get_mask(ROWS) is None


def test_arguments_of_tensorflow_2_and_of_other_missions() -> None:
    kernel, bias = np.ones((3, 2), np.float32), np.zeros(2, np.float32)
    layer = layers.Dense(2, input_shape=(3,), weights=[kernel, bias], dynamic=False)
    np.testing.assert_array_equal(layer(ROWS), ROWS @ kernel)
    assert "weights" not in layer.get_config() and len(layer.weights) == 2
    with pytest.raises(UnimplementedError, match="lora_rank=4 is not implemented: low-rank"):
        layers.Embedding(3, 2, lora_rank=4)
    assert layers.Dense(2, lora_rank=None, quantization_config=None).units == 2
    with pytest.raises(ValueError, match=r"noise_shape .* rank 2"):
        layers.Dropout(0.5, noise_shape=(1,))(ROWS, training=True)
    with pytest.raises(ValueError, match="noise_shape is a list"):
        layers.Dropout(0.5, noise_shape=(0, 1))


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"shape": (3,), "sparse": True}, UnimplementedError, "dense"),
        ({"shape": (3,), "ragged": True}, UnimplementedError, "Masking"),
        ({"shape": (3,), "batch_shape": (None, 3)}, ValueError, "got both"),
        ({"batch_size": 2, "batch_shape": (None, 3)}, ValueError, "got both"),
    ],
)
def test_inputs_that_are_refused(
    arguments: dict[str, Any], error: type[Exception], words: str
) -> None:
    for make in (tf.keras.Input, layers.InputLayer):
        with pytest.raises(error, match=words):
            make(**arguments)
    assert tf.keras.Input((3,), sparse=False, name="rows").name == "rows"


def test_a_model_without_weights_is_fitted_with_a_warning() -> None:
    model = tf.keras.Sequential([layers.Identity()])
    model.compile("adam", "mse")
    with pytest.warns(UserWarning, match="no trainable weights"):
        history = model.fit(ROWS, ROWS + 1, verbose=0).history
    assert history["loss"] == pytest.approx([1.0])


def test_predictions_follow_what_changes_in_a_model() -> None:
    class Switch(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.factor = 2.0

        def call(self, inputs: Any) -> Any:
            return inputs * self.factor if self.trainable else inputs

    model = tf.keras.Sequential([Switch()])
    np.testing.assert_array_equal(model.predict(ROWS, verbose=0), 2 * ROWS)
    np.testing.assert_array_equal(model.predict_on_batch(ROWS), 2 * ROWS)
    model.trainable = False
    np.testing.assert_array_equal(model.predict(ROWS, verbose=0), ROWS)
    model.trainable = True
    np.testing.assert_array_equal(model.predict_on_batch(ROWS), 2 * ROWS)


def test_modules_see_the_layers_inside_of_layers() -> None:
    class Holder(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.block = Followed()

    holder = Holder()
    holder.block(ROWS)
    assert holder.submodules == (holder.block, *holder.block.submodules)
    assert len(holder.variables) == 4


def test_weights_read_as_their_layer_was_frozen_and_tapes_follow_them() -> None:
    model = tf.keras.Sequential(
        [tf.keras.Input((3,)), layers.Dense(2), layers.BatchNormalization()]
    )
    made = [weight.trainable for weight in model.weights]
    assert made == [True] * 4 + [False] * 2
    model.layers[0].kernel.trainable = False
    model.trainable = False
    assert not any(weight.trainable for weight in model.weights)
    with tf.GradientTape() as tape:
        found = model(ROWS)
    assert tape.gradient(found, model.layers[0].bias) is not None
    model.trainable = True
    assert [weight.trainable for weight in model.weights] == made
    assert len(model.trainable_weights) == 4
