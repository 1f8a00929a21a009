# %% [markdown]
# # Optimizers
#
# Training is a search for the weights at which the loss is lowest. The gradient says which way is
# down at the place where one stands; the optimizer says how far to go, and what to remember of the
# steps before.

# %%
import lamina as tf
from lamina import functions

weight = tf.Variable(2.1)
optimizer = tf.keras.optimizers.SGD(learning_rate=0.02)
for step in range(4):
    with tf.GradientTape() as tape:
        loss = functions.two_minima(weight)
    gradient = tape.gradient(loss, weight)
    print(f"x = {float(weight):6.3f}   loss = {float(loss):6.3f}   slope = {float(gradient):7.3f}")
    optimizer.apply_gradients([(gradient, weight)])

# %% [markdown]
# ## The nearest valley need not be the deepest
#
# This curve has two minima. Small steps from the right end in the nearer, higher one and stay
# there. An optimizer with momentum rolls on like a heavy ball, and can pass the ridge.

# %%
race = tf.plot.race(
    functions.two_minima,
    {
        "SGD": tf.keras.optimizers.SGD(0.02),
        "SGD, momentum 0.9": tf.keras.optimizers.SGD(0.02, momentum=0.9),
    },
    steps=80,
)
tf.plot.compare_optimizers(race, show="paths")

# %% [markdown]
# ## Three that one meets
#
# - *SGD* goes down the gradient. Simple, and easy to understand; one learning rate for all.
# - *RMSprop* divides each weight's step by the recent size of its gradient, so that flat and steep
#   directions advance alike.
# - *Adam* does that with momentum, and corrects both averages while they are young. Its default
#   values do well more often than not.
#
# Rosenbrock's valley is a classic test: easy to find, hard to follow. Each optimizer gets the best
# of ten learning rates.

# %%
race = tf.plot.race(functions.rosenbrock)
tf.plot.compare_optimizers(race, show="paths")

# %%
tf.plot.compare_optimizers(race)

# %% [markdown]
# A step of one costs more than a step of another: what counts in the end is the time.

# %%
tf.plot.compare_optimizers(race, show="time")

# %% [markdown]
# The Eggholder function is full of valleys. Where one starts decides where one ends.

# %%
tf.plot.surface(functions.eggholder)

# %%
for start in ((420.0, 400.0), (0.0, 0.0), (-300.0, 200.0)):
    found = tf.plot.race(functions.eggholder, {"Adam": tf.keras.optimizers.Adam(2.0)}, start=start)
    print(start, "→ loss", round(float(found.runs["Adam"].losses[-1]), 1))
print("lowest of all:", functions.eggholder.minimum)

# %% [markdown]
# ## On the borrowers
#
# `minimize` does both at once: gradient and step. Here it fits one layer by hand.

# %%
features, default = tf.datasets.credit()
inputs = (features - features.mean(axis=0)) / features.std(axis=0)
targets = default.reshape(-1, 1)
weights, bias = tf.Variable(tf.zeros((4, 1))), tf.Variable(0.0)


def loss_function():
    predictions = tf.keras.activations.sigmoid(tf.matmul(inputs, weights) + bias)
    return tf.reduce_mean(tf.keras.losses.binary_crossentropy(targets, predictions))


optimizer = tf.keras.optimizers.RMSprop(learning_rate=0.01, momentum=0.9)
print("before:", float(loss_function()))
for step in range(100):
    optimizer.minimize(loss_function, var_list=[weights, bias])
print("after: ", float(loss_function()))
for name, weight in zip(["education", "marriage", "limit", "bill"], weights.numpy()[:, 0]):
    print(f"{name:10}{weight:6.2f}")
