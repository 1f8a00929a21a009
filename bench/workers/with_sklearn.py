"""scikit-learn's MLPClassifier. It has one activation for all hidden layers: the first one's."""

from __future__ import annotations

import warnings

import numpy as np
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from bench.cases import EPSILON, Array, Case
from bench.workers.common import Call, Worker, main, timed_epochs


class ScikitLearn(Worker):
    """`partial_fit`, which goes through the rows once, shuffled."""

    def build(self, case: Case) -> None:
        self.case = case
        self.model = MLPClassifier(
            hidden_layer_sizes=[layer.units for layer in case.layers[:-1]],
            activation={"relu": "relu", "sigmoid": "logistic"}[case.layers[0].activation],
            solver="adam",
            alpha=0.0,
            epsilon=EPSILON,
            batch_size=case.batch,
            random_state=0,
        )

    def epochs(self, features: Array, targets: Array, count: int) -> tuple[list[float], float]:
        labels = targets.ravel().astype("int64")
        classes = np.unique(labels)
        warnings.simplefilter("ignore", ConvergenceWarning)

        def epoch() -> float:
            self.model.partial_fit(features, labels, classes=classes)
            return float(self.model.loss_)

        return timed_epochs(epoch, count)

    def calls(self) -> dict[str, Call]:
        few = self.case.data()
        self.epochs(few[0][: self.case.batch * 4], few[1][: self.case.batch * 4], 1)
        columns = slice(1, None) if self.case.layers[-1].units == 1 else slice(None)
        return {"predict_proba": lambda x: self.model.predict_proba(x)[:, columns]}

    def versions(self) -> dict[str, str]:
        return {"scikit-learn": sklearn.__version__}


if __name__ == "__main__":
    main(ScikitLearn)
