# %% [markdown]
# # Activation functions
#
# Between two layers stands a function of one number, the same for every node. Without it, a
# network of many layers could say no more than one of a single layer: a product of matrices is a
# matrix.

# %%
import numpy as np

import lamina as tf

random = np.random.default_rng(0)
first, second = random.normal(size=(4, 8)), random.normal(size=(8, 1))
rows = random.normal(size=(5, 4))
two_layers = tf.matmul(tf.matmul(rows, first), second)
one_layer = tf.matmul(rows, tf.matmul(first, second))
print(float(tf.reduce_max(tf.abs(two_layers - one_layer))))

# %% [markdown]
# ## Why that matters
#
# Take borrowers who are young or old, with a low or a high bill. If the prediction is a weighted
# sum, a higher bill adds the same for both. A sigmoid bends the sum, and the same bill weighs more
# for one than for the other.

# %%
young, old = 0.3, 0.6
low_bill, high_bill = 0.1, 0.5
for who, age in (("young", young), ("old", old)):
    low, high = (1.0 * age + 2.0 * bill for bill in (low_bill, high_bill))
    bent = tf.keras.activations.sigmoid(high) - tf.keras.activations.sigmoid(low)
    print(f"{who}: {high - low:.3f} without, {float(bent):.3f} with the sigmoid")

# %%
tf.plot.why_nonlinear()

# %% [markdown]
# ## Four that one meets
#
# *relu* lets positive numbers through and stops the others; it is cheap and its slope is 1 wherever
# it is not 0. *sigmoid* gives a number between 0 and 1, so it ends a network that tells a
# probability. *tanh* is a sigmoid around 0. *gelu* is a relu without the corner. The dashed lines
# are the slopes that training uses: where one is near 0, a node hardly learns.

# %%
tf.plot.activations("relu", "sigmoid", "tanh", "gelu")

# %% [markdown]
# *softmax* is different: it looks at a whole layer and makes its numbers positive, with sum 1. It
# ends a network that chooses among several classes.

# %%
scores = tf.constant([[2.0, 1.0, 0.1], [0.0, 0.0, 5.0]])
print(tf.keras.activations.softmax(scores).numpy().round(3))

# %% [markdown]
# ## A problem that needs it
#
# Two classes, one around the other. With a linear hidden layer the border stays a straight line,
# however wide the layer is; with tanh it closes around the inner class.

# %%
angle = random.uniform(0, 2 * np.pi, 300)
ring = np.arange(300) % 2
radius = 0.5 + ring + random.normal(scale=0.15, size=300)
points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).astype("float32")


def trained(activation):
    tf.keras.utils.set_random_seed(0)
    model = tf.keras.Sequential(
        [
            tf.keras.layers.Dense(8, activation=activation),
            tf.keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(tf.keras.optimizers.Adam(0.03), "binary_crossentropy", metrics=["accuracy"])
    model.fit(points, ring, epochs=100, verbose=0)
    print(activation, model.evaluate(points, ring, verbose=0, return_dict=True)["accuracy"])
    return model


linear, bent = trained("linear"), trained("tanh")

# %%
tf.plot.decision_boundary(linear, points, ring)

# %%
tf.plot.decision_boundary(bent, points, ring)
