"""`fit_generator` and its like, which Keras 2 had: fit, evaluate and predict do the same."""

from __future__ import annotations

from typing import Any

from .py_dataset import PyDataset


class GeneratorMethods:
    """The former methods for data that come in batches."""

    def fit_generator(
        self,
        generator: Any,
        steps_per_epoch: int | None = None,
        epochs: int = 1,
        verbose: Any = 1,
        callbacks: Any = None,
        validation_data: Any = None,
        validation_steps: int | None = None,
        validation_freq: Any = 1,
        class_weight: dict[Any, float] | None = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        shuffle: bool = True,
        initial_epoch: int = 0,
    ) -> Any:
        """`fit` on batches."""
        return self.fit(  # type: ignore[attr-defined]
            generator,
            steps_per_epoch=steps_per_epoch,
            epochs=epochs,
            verbose=verbose,
            callbacks=callbacks,
            validation_data=validation_data,
            validation_steps=validation_steps,
            validation_freq=validation_freq,
            class_weight=class_weight,
            max_queue_size=max_queue_size,
            workers=workers,
            use_multiprocessing=use_multiprocessing,
            shuffle=shuffle,
            initial_epoch=initial_epoch,
        )

    def evaluate_generator(
        self,
        generator: Any,
        steps: int | None = None,
        callbacks: Any = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        verbose: Any = 0,
    ) -> Any:
        """`evaluate` on batches."""
        return self.evaluate(  # type: ignore[attr-defined]
            generator,
            steps=steps,
            callbacks=callbacks,
            max_queue_size=max_queue_size,
            workers=workers,
            use_multiprocessing=use_multiprocessing,
            verbose=verbose,
        )

    def predict_generator(
        self,
        generator: Any,
        steps: int | None = None,
        callbacks: Any = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        verbose: Any = 0,
    ) -> Any:
        """`predict` on batches."""
        return self.predict(  # type: ignore[attr-defined]
            generator,
            steps=steps,
            callbacks=callbacks,
            max_queue_size=max_queue_size,
            workers=workers,
            use_multiprocessing=use_multiprocessing,
            verbose=verbose,
        )


def set_workers(
    data: Any, max_queue_size: int | None, workers: int | None, use_multiprocessing: bool | None
) -> None:
    """Let a PyDataset have these settings, which TensorFlow's `fit` took.

    Other data are read ahead by one thread: an iterator cannot be shared out.
    """
    if isinstance(data, PyDataset):
        data.max_queue_size = max_queue_size or data.max_queue_size
        data.workers = workers or data.workers
        if use_multiprocessing is not None:
            data.use_multiprocessing = use_multiprocessing
