"""Code that was written for TensorFlow or Keras: imported, run and checked on lamina."""
