"""TensorSpec: what a tensor is like, and which specs contain others."""

from __future__ import annotations

import lamina as tf

SPEC = tf.TensorSpec([None, 3], tf.float32, "x")


def test_a_spec_is_made_from_a_tensor_or_another_spec():
    assert tf.type_spec_from_value([1.0, 2.0]) == tf.TensorSpec([2], tf.float32)
    assert tf.TensorSpec.from_spec(SPEC, "y").name == "y"
    assert isinstance(SPEC, tf.TypeSpec)


def test_a_spec_may_leave_the_rank_open():
    open_rank = tf.TensorSpec(None, tf.float32)
    assert open_rank.is_compatible_with(tf.ones([2, 3])) and open_rank.symbolic() is None
    assert SPEC.is_subtype_of(open_rank) and not open_rank.is_subtype_of(SPEC)
    assert hash(open_rank) != hash(SPEC)


def test_specs_have_a_common_one():
    found = SPEC.most_specific_common_supertype([tf.TensorSpec([2, 4], tf.float32, "x")])
    assert found == tf.TensorSpec([None, None], tf.float32) and found.name == "x"
    assert SPEC.most_specific_common_supertype([tf.TensorSpec([2, 3], tf.int32)]) is None


def test_a_function_takes_any_rank_where_its_signature_leaves_it_open():
    @tf.function(input_signature=[tf.TensorSpec(None, tf.float32)])
    def total(x):
        return tf.reduce_sum(x)

    assert total(tf.ones([2, 3])) == 6 and total(tf.ones([4])) == 4
