# %% [markdown]
# # Training a network
#
# A network has many weights. Where they begin, how long they are trained, and how much freedom
# they have decides what comes of it.

# %%
import numpy as np

import lamina as tf

features, default = tf.datasets.credit()
inputs = (features - features.mean(axis=0)) / features.std(axis=0)


def network(initializer="glorot_uniform", units=(16, 8), dropout=0.0):
    layers = [tf.keras.Input((4,))]
    for width in units:
        layers.append(tf.keras.layers.Dense(width, "relu", kernel_initializer=initializer))
        if dropout:
            layers.append(tf.keras.layers.Dropout(dropout))
    model = tf.keras.Sequential([*layers, tf.keras.layers.Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=["auc"])
    return model


# %% [markdown]
# ## Where weights begin
#
# If all weights of a layer are equal, its nodes say the same, get the same gradient, and stay
# equal for ever: one node, many times. So weights begin as random numbers, and their spread has to
# fit the width of the layer. The picture sends random rows through ten layers and looks how far
# apart the nodes of each still are.

# %%
tf.plot.initializers("zeros", "ones", "random_normal", "glorot_uniform", "he_normal")

# %%
for initializer in ("zeros", "ones", "glorot_uniform"):
    tf.keras.utils.set_random_seed(0)
    model = network(initializer)
    model.fit(inputs, default, epochs=5, verbose=0)
    nodes = model.layers[0].kernel.numpy()
    different = len(np.unique(nodes.round(6), axis=1).T)
    loss = model.evaluate(inputs, default, verbose=0, return_dict=True)["loss"]
    print(f"{initializer:15} loss {loss:.4f}, {different} different nodes")

# %% [markdown]
# ## Too deep for its activation
#
# On its way back through sigmoids the gradient shrinks at every layer, for their slope is at most a
# quarter. The first layers of a deep network then hardly learn; with relu they do.


# %%
def deep(activation):
    tf.keras.utils.set_random_seed(0)
    hidden = [tf.keras.layers.Dense(8, activation, name=f"layer_{n}") for n in range(1, 9)]
    return tf.keras.Sequential([tf.keras.Input((4,)), *hidden, tf.keras.layers.Dense(1, "sigmoid")])


targets = default.reshape(-1, 1)
batch = inputs[:256], targets[:256]
tf.plot.gradients(deep("sigmoid"), *batch, loss="binary_crossentropy")

# %%
tf.plot.gradients(deep("relu"), *batch, loss="binary_crossentropy")

# %% [markdown]
# ## Learning by heart
#
# A network that can bend as it likes will follow every accident of the rows that it has seen, and
# fail on the others. Too narrow, it misses what there is to see.

# %%
tf.plot.overfitting()

# %% [markdown]
# The same with borrowers: 400 of them, and a network with far more weights than that. The loss on
# the rows that it learns from falls and falls; on the others it turns.

# %%
few, rest = slice(0, 400), slice(400, 2400)


def fitted(dropout):
    tf.keras.utils.set_random_seed(0)
    model = network(units=(128, 128), dropout=dropout)
    unseen = (inputs[rest], default[rest])
    return model.fit(inputs[few], default[few], epochs=60, verbose=0, validation_data=unseen)


plain = fitted(0.0)
tf.plot.history(plain)

# %% [markdown]
# ## Dropout
#
# In each step of training, every node is left out with some probability. No node can rely on
# another one being there, so what they learn is spread over all of them. When predicting, all take
# part.

# %%
tf.plot.network(network(units=(12, 8), dropout=0.25), dropout_seed=3)

# %%
dropped = fitted(0.5)
for name, history in (("without", plain), ("with", dropped)):
    losses = history.history["val_loss"]
    print(f"{name} dropout: best {min(losses):.4f}, last {losses[-1]:.4f}")
tf.plot.history(dropped)

# %% [markdown]
# ## Stopping in time
#
# Dropout holds overfitting back; the validation loss says when to stop. `EarlyStopping` keeps the
# best weights. Then the network meets borrowers that it has never seen.

# %%
tf.keras.utils.set_random_seed(0)
model = network(dropout=0.25)
model.fit(
    inputs[:4500],
    default[:4500],
    epochs=100,
    validation_split=0.2,
    verbose=0,
    callbacks=[tf.keras.callbacks.EarlyStopping(patience=5, restore_best_weights=True)],
)
unseen = model.predict(inputs[4500:], verbose=0)[:, 0]
tf.plot.roc(default[4500:], unseen)

# %%
tf.plot.calibration(default[4500:], unseen)
