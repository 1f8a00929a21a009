"""Checkpoints: what was saved comes back, also into what is made later; files are safe."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina.core.errors import DataLossError, InvalidArgumentError, NotFoundError

KEY = "/.ATTRIBUTES/VARIABLE_VALUE"


class Net(tf.Module):
    def __init__(self, scale: float = 1.0, size: int = 2) -> None:
        super().__init__()
        self.w = tf.Variable(scale * np.arange(float(size)))
        self.steps = [tf.Variable(int(scale)), {"a.b": tf.Variable(5 * scale)}]
        self.again = self.w


def keras_model() -> Any:
    return tf.keras.Sequential([tf.keras.layers.Dense(3), tf.keras.layers.BatchNormalization()])


def trained() -> tuple[Any, Any]:
    model, optimizer = keras_model(), tf.keras.optimizers.Adam(0.1)
    for _ in range(2):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(model(tf.ones([4, 2]), training=True) ** 2)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return model, optimizer


def test_variables_come_back(tmp_path: Path) -> None:
    saved = tf.train.Checkpoint(
        model=Net(3.0), step=tf.Variable(7), generator=tf.random.Generator(1)
    )
    saved.generator.normal([])
    path = saved.save(tmp_path / "deep" / "ck")
    assert path == str(tmp_path / "deep" / "ck-1")
    assert sorted(os.listdir(tmp_path / "deep")) == ["checkpoint", "ck-1.npz"]
    other = tf.train.Checkpoint(model=Net(), step=tf.Variable(0), generator=tf.random.Generator(2))
    other.restore(path).assert_consumed()
    assert other.model.w.numpy().tolist() == [0.0, 3.0] and int(other.step) == 7
    assert int(other.model.steps[0]) == 3 and float(other.model.steps[1]["a.b"]) == 15
    assert float(other.generator.normal([])) == float(saved.generator.normal([]))
    assert int(other.save_counter) == 1
    assert other.save(tmp_path / "deep" / "ck").endswith("ck-2")
    assert tf.train.latest_checkpoint(tmp_path / "deep") == str(tmp_path / "deep" / "ck-2")


def test_the_root_gives_its_own_names(tmp_path: Path) -> None:
    path = tf.train.Checkpoint(Net(3.0)).write(tmp_path / "net")
    whole = tf.train.Checkpoint(net := Net())
    assert whole.root is net
    whole.read(path).assert_consumed()
    assert float(net.w[1]) == 3
    keys = [name for name, _ in tf.train.list_variables(path)]
    assert keys == [f"again{KEY}", f"steps/0{KEY}", f"steps/1/a..b{KEY}"]


def test_a_model_and_its_optimizer_come_back_before_they_are_built(tmp_path: Path) -> None:
    model, optimizer = trained()
    path = tf.train.Checkpoint(model=model, optimizer=optimizer).save(tmp_path / "ck")
    fresh, later = keras_model(), tf.keras.optimizers.Adam(0.1)
    checkpoint = tf.train.Checkpoint(model=fresh, optimizer=later)
    status = checkpoint.restore(path)
    with pytest.raises(
        AssertionError, match=r"14 values of the checkpoint have no variable: optimizer/2"
    ):
        status.assert_consumed()
    fresh(tf.ones([4, 2]))  # makes the weights, which take their values now
    later.build(fresh.trainable_variables)
    status.assert_consumed()
    for ours, theirs in zip(
        fresh.variables + later.variables, model.variables + optimizer.variables
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_masks_go_on_where_they_were(tmp_path: Path) -> None:
    def masks(dropout: Any, count: int) -> list[Any]:
        return [np.asarray(dropout(tf.ones([9]), training=True)).tolist() for _ in range(count)]

    first, second = (tf.keras.layers.Dropout(0.5, seed=1) for _ in range(2))
    masks(first, 2)
    path = tf.train.Checkpoint(layer=first).save(tmp_path / "dropout")
    tf.train.Checkpoint(layer=second).restore(path).assert_consumed()
    assert masks(first, 3) == masks(second, 3)


OPTIMIZERS: dict[str, Any] = {
    "averages": lambda k: k.Adam(0.1, use_ema=True, gradient_accumulation_steps=2),
    "Adafactor": lambda k: k.Adafactor(0.1),
    "Nadam": lambda k: k.Nadam(0.1),  # makes one more variable when it is built
    "schedule": lambda k: k.SGD(k.schedules.ExponentialDecay(0.1, 2, 0.9), momentum=0.9),
    "LossScaleOptimizer": lambda k: k.LossScaleOptimizer(k.Adam(0.1), dynamic_growth_steps=2),
    "MultiOptimizer": lambda k: k.MultiOptimizer(
        k.OptimizerMap(k.Adam(0.1), {".*kernel": k.SGD(0.1, momentum=0.9)})
    ),
}


@pytest.mark.parametrize("built", [True, False], ids=["built", "built_later"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_compiled_models_go_on_from_a_checkpoint(name: str, built: bool, tmp_path: Path) -> None:
    def compiled() -> Any:
        layers = [tf.keras.layers.Dense(3), tf.keras.layers.BatchNormalization()]
        model = tf.keras.Sequential([tf.keras.Input((2,)), *layers])
        model.compile(OPTIMIZERS[name](tf.keras.optimizers), "mse", run_eagerly=True)
        return model

    x, y = np.ones((4, 2), "float32"), np.zeros((4, 3), "float32")
    model, other = compiled(), compiled()
    for _ in range(3):
        model.train_on_batch(x, y)
    path = tf.train.Checkpoint(model=model, optimizer=model.optimizer).save(tmp_path / "ck")
    if built:
        other.optimizer.build(other.trainable_weights)
    status = tf.train.Checkpoint(model=other, optimizer=other.optimizer).restore(path)
    for each in (model, other):
        each.train_on_batch(x, y)
    status.assert_consumed()
    for ours, theirs in zip(
        other.variables + other.optimizer.variables, model.variables + model.optimizer.variables
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_an_attribute_made_later_takes_its_value(tmp_path: Path) -> None:
    path = tf.train.Checkpoint(net=Net(3.0)).write(tmp_path / "ck")
    holder = tf.Module()
    status = tf.train.Checkpoint(net=holder).restore(path)
    holder.w = tf.Variable([0.0, 0.0], dtype=tf.float64)  # under its other name, too
    assert holder.w.numpy().tolist() == [0.0, 3.0]
    status.assert_existing_objects_matched()
    holder.extra = tf.Variable(1.0, name="extra")
    with pytest.raises(AssertionError, match=r"1 variables have no value .*'extra:0'"):
        status.assert_existing_objects_matched()


def test_a_later_restoration_ends_the_wait_of_the_first(tmp_path: Path) -> None:
    first = tf.train.Checkpoint(x=Net(3.0)).write(tmp_path / "first")
    second = tf.train.Checkpoint(y=tf.Variable(1.0)).write(tmp_path / "second")
    holder = tf.Module()
    checkpoint = tf.train.Checkpoint(x=holder)
    checkpoint.read(first)
    checkpoint.read(second).expect_partial()
    holder.w = tf.Variable([0.0, 0.0])
    assert holder.w.numpy().tolist() == [0.0, 0.0]


def test_what_does_not_match_is_told(tmp_path: Path) -> None:
    path = tf.train.Checkpoint(net=Net(), other=tf.Variable(1.0)).write(tmp_path / "ck")
    status = tf.train.Checkpoint(net=Net()).read(path).expect_partial()
    status.assert_existing_objects_matched().assert_nontrivial_match()
    with pytest.raises(AssertionError, match=r"1 values .* no variable: other"):
        status.assert_consumed()
    with pytest.raises(AssertionError, match="nothing in the checkpoint"):
        tf.train.Checkpoint(unknown=tf.Variable(1.0)).read(path).assert_nontrivial_match()
    with pytest.raises(InvalidArgumentError, match=r"has shape \(2,\).*has shape \(3,\)"):
        tf.train.Checkpoint(net=Net(size=3)).read(path)
    with pytest.raises(AssertionError, match="no checkpoint was named"):
        tf.train.Checkpoint().restore(None).expect_partial().assert_consumed()


@pytest.mark.parametrize("thing", [3, "text", iter([1])])
def test_only_objects_with_variables_are_taken(thing: Any) -> None:
    with pytest.raises(ValueError, match="objects with variables; 'x' is a"):
        tf.train.Checkpoint(x=thing)
    with pytest.raises(ValueError, match="'root' is a"):
        tf.train.Checkpoint(thing)


def test_looking_into_a_file(tmp_path: Path) -> None:
    path = tf.train.Checkpoint(net=Net(3.0)).save(tmp_path / "ck")
    assert tf.train.load_variable(tmp_path, f"net/steps/0{KEY}") == 3
    reader = tf.train.load_checkpoint(path)
    assert reader.get_variable_to_shape_map()[f"net/again{KEY}"] == [2]
    assert reader.get_variable_to_dtype_map()[f"net/again{KEY}"] == tf.float64
    assert reader.has_tensor(f"net/again{KEY}") and not reader.has_tensor("net")
    with pytest.raises(NotFoundError, match="has no 'net'"):
        reader.get_tensor("net")
    state = tf.train.get_checkpoint_state(tmp_path)
    assert state.model_checkpoint_path == path and state.all_model_checkpoint_paths == [path]


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    checkpoint = tf.train.Checkpoint(x=tf.Variable(1.0))
    with pytest.raises(NotFoundError, match="does not exist"):
        checkpoint.restore(tmp_path / "absent")
    path = checkpoint.save(tmp_path / "ck")
    with pytest.raises(NotFoundError, match=f"The latest in that folder is {path}"):
        checkpoint.restore(tmp_path / "absent")
    (tmp_path / "theirs.index").touch()
    with pytest.raises(NotFoundError, match="a checkpoint of TensorFlow"):
        checkpoint.restore(tmp_path / "theirs")
    with pytest.raises(NotFoundError, match="no checkpoint in the folder"):
        tf.train.list_variables(tmp_path.parent)
    os.remove(f"{path}.npz")
    assert tf.train.latest_checkpoint(tmp_path) is tf.train.latest_checkpoint("/nowhere") is None


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return os._exit, (1,)


def _damaged(kind: str, path: Path) -> None:
    nodes: list[Any] = [[None, {"x": 1}], [f"x{KEY}", {}]]
    value: Any = np.float32(2)
    if kind == "points nowhere":
        nodes[0][1]["x"] = 9
    elif kind == "no value":
        nodes[1][0] = "y"
    elif kind == "pickle":
        value = np.array([Evil()], object)
    text = json.dumps({"nodes": nodes}).encode()
    named = {"_CHECKPOINTABLE_OBJECT_GRAPH": np.frombuffer(text, np.uint8), f"x{KEY}": value}
    np.savez(path, **named)
    if kind == "cut short":
        path.write_bytes(path.read_bytes()[:-30])
    elif kind == "no archive":
        path.write_bytes(b"not a zip file")


@pytest.mark.parametrize(
    "kind", ["points nowhere", "no value", "pickle", "cut short", "no archive"]
)
def test_a_damaged_or_hostile_file_is_refused(tmp_path: Path, kind: str) -> None:
    _damaged(kind, tmp_path / "ck.npz")
    checkpoint = tf.train.Checkpoint(x=(x := tf.Variable(1.0)))
    with pytest.raises(DataLossError, match="no checkpoint of lamina, or damaged"):
        checkpoint.restore(tmp_path / "ck")
    assert float(x) == 1
    _damaged("whole", tmp_path / "ck.npz")
    checkpoint.read(tmp_path / "ck").assert_consumed()
    assert float(x) == 2


# Several checkpoints ------------------------------------------------------------------------------


def test_a_manager_keeps_the_last_ones(tmp_path: Path) -> None:
    checkpoint = tf.train.Checkpoint(x=(x := tf.Variable(0)))
    manager = tf.train.CheckpointManager(checkpoint, tmp_path / "m", max_to_keep=2)
    assert manager.latest_checkpoint is None and manager.checkpoints == []
    for number in range(1, 4):
        x.assign(number)
        assert manager.save() == str(tmp_path / "m" / f"ckpt-{number}")
    assert sorted(os.listdir(tmp_path / "m")) == ["checkpoint", "ckpt-2.npz", "ckpt-3.npz"]
    assert manager.save(checkpoint_number=70).endswith("ckpt-70")
    again = tf.train.CheckpointManager(checkpoint, manager.directory, 2)
    assert again.checkpoints == manager.checkpoints == [
        str(tmp_path / "m" / name) for name in ("ckpt-3", "ckpt-70")
    ]  # fmt: skip
    x.assign(0)
    assert again.restore_or_initialize() == again.latest_checkpoint
    assert int(x) == 3


def test_a_manager_waits_for_its_interval_and_starts_from_nothing(tmp_path: Path) -> None:
    step = tf.Variable(0)
    begun: list[int] = []
    manager = tf.train.CheckpointManager(
        tf.train.Checkpoint(step=step),
        tmp_path,
        max_to_keep=None,
        checkpoint_name="name",
        step_counter=step,
        checkpoint_interval=5,
        init_fn=lambda: begun.append(1),
    )
    assert manager.restore_or_initialize() is None and begun == [1]
    assert manager.save() is not None
    step.assign(4)
    assert manager.save() is None
    assert manager.save(check_interval=False) is not None
    step.assign(9)
    assert manager.save().endswith("name-3") and manager.checkpoint_interval == 5
    with pytest.raises(InvalidArgumentError, match="max_to_keep"):
        tf.train.CheckpointManager(tf.train.Checkpoint(), tmp_path, max_to_keep=0)


def test_checkpoints_are_followed_as_they_come(tmp_path: Path) -> None:
    checkpoint = tf.train.Checkpoint(x=tf.Variable(0))
    found = []
    checkpoint.save(tmp_path / "ck")
    for path in tf.train.checkpoints_iterator(tmp_path, timeout=0.02):
        found.append(path[-1])
        if len(found) < 3:
            checkpoint.save(tmp_path / "ck")
    assert found == ["1", "2", "3"]


# Averages -----------------------------------------------------------------------------------------


def test_averages_follow_slowly() -> None:
    x = tf.Variable(2.0, name="x")
    average, unbiased = (
        tf.train.ExponentialMovingAverage(0.75, zero_debias=zero) for zero in (False, True)
    )
    with pytest.raises(NotFoundError, match="once apply"):
        average.average(x)

    @tf.function
    def update() -> None:
        average.apply([x])
        unbiased.apply([x])

    update()
    x.assign(4.0)
    update()
    assert float(average.average(x)) == 2.5
    expected = (0.25 * 0.75 * 2 + 0.25 * 4) / (1 - 0.75**2)
    np.testing.assert_allclose(unbiased.average(x), expected, rtol=1e-6)
    assert average.average_name(x) == "x/ExponentialMovingAverage"
    counted = tf.train.ExponentialMovingAverage(0.999, num_updates=0)
    counted.apply([x])
    x.assign(14.0)
    counted.apply([x])
    assert float(counted.average(x)) == pytest.approx(13.0)  # decays by 1 / 10


ORDERS = {
    "in_order": lambda rows: rows,
    "shuffled": lambda rows: rows.shuffle(20),
    "through_a_buffer": lambda rows: rows.shuffle(5).map(lambda x: 2 * x),
    "the_same_again": lambda rows: rows.shuffle(20, seed=3, reshuffle_each_iteration=False),
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_iterators_go_on_where_they_were(order: Any, tmp_path: Path) -> None:
    def started() -> Any:
        dataset = order(tf.data.Dataset.range(20)).repeat().batch(3).prefetch(2)
        return tf.train.Checkpoint(iterator=iter(dataset))

    def taken(checkpoint: Any, count: int) -> list[Any]:
        return [next(checkpoint.iterator).numpy().tolist() for _ in range(count)]

    saved = started()
    taken(saved, 9)  # in the second round
    path = saved.save(tmp_path / "ck")
    expected = taken(saved, 9)
    other = started()
    other.restore(path).assert_consumed()
    again = other.save(tmp_path / "again")  # before anything was taken
    for checkpoint, start in ((other, None), (saved, path), (started(), again)):
        checkpoint.restore(start)
        assert taken(checkpoint, 9) == expected


def test_orders_are_known_from_the_first_element_on() -> None:
    iterator = iter(tf.data.Dataset.range(4).shuffle(4))
    next(iterator)
    with pytest.raises(InvalidArgumentError, match=r"make the tf\.train\.Checkpoint before"):
        tf.train.Checkpoint(iterator=iterator)
