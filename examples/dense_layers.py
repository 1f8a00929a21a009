# %% [markdown]
# # Dense layers
#
# A bank wants to know which of its clients will not pay next month. For each of 6,000 clients it
# knows four numbers: education, marriage, the credit limit, and the last bill. This lesson builds
# the function that turns those numbers into a probability, first by hand, then with layers.

# %%
import lamina as tf

features, default = tf.datasets.credit()
names = ["education", "marriage", "limit", "bill"]
print(features.shape, "of them defaulted:", f"{default.mean():.1%}")
print(dict(zip(names, features[0].tolist())))

# %% [markdown]
# ## One layer, by hand
#
# A dense layer multiplies what comes in by a matrix of weights, adds a bias, and passes the sum
# through a function. With four numbers in and one out, the matrix has shape (4, 1). The numbers
# are of very different size, so they are first brought to mean 0 and standard deviation 1.

# %%
inputs = (features - features.mean(axis=0)) / features.std(axis=0)

weights = tf.Variable([[0.1], [-0.2], [-0.6], [0.3]])
bias = tf.Variable([-1.2])

product = tf.matmul(inputs, weights)
probability = tf.keras.activations.sigmoid(product + bias)
print(probability[:3].numpy().round(3))

# %% [markdown]
# Those weights were guessed: a high limit speaks for a client, a high bill against. The layer of
# Keras holds the same two variables, and does the same.

# %%
layer = tf.keras.layers.Dense(1, activation="sigmoid")
layer.build(inputs.shape)
layer.set_weights([weights.numpy(), bias.numpy()])
same = layer(inputs)
print(float(tf.reduce_max(tf.abs(same - probability))))

# %% [markdown]
# ## Layers on layers
#
# The outputs of one layer are the inputs of the next. Each node of a layer is joined to each node
# of the layer before, which is what makes it dense. The number of weights is the product of both
# widths, and one bias for each node comes on top.

# %%
tf.keras.utils.set_random_seed(1)
model = tf.keras.Sequential(
    [
        tf.keras.Input((4,)),
        tf.keras.layers.Dense(10, activation="sigmoid"),
        tf.keras.layers.Dense(5, activation="sigmoid"),
        tf.keras.layers.Dense(1, activation="sigmoid"),
    ]
)
print([tuple(weight.shape) for weight in model.weights], model.count_params())

# %% [markdown]
# In the picture a line is a weight: its colour is the sign, its width the size.

# %%
tf.plot.network(model, feature_names=names)

# %% [markdown]
# ## Low level and high level
#
# The same three layers as three products. What Keras adds is bookkeeping: it makes the variables,
# keeps their names, and knows which of them are to be trained.

# %%
hidden = inputs
for dense in model.layers:
    hidden = tf.keras.activations.sigmoid(tf.matmul(hidden, dense.kernel) + dense.bias)
print(float(tf.reduce_max(tf.abs(hidden - model(inputs)))))
