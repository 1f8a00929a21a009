"""PyTorch, eager or compiled by torch.compile, with its fused Adam.

The variant names which: eager or compiled.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from bench.cases import EPSILON, Array, Case
from bench.workers.common import Call, Worker, main, timed_epochs

ACTIVATIONS = {
    "relu": nn.ReLU,
    "sigmoid": nn.Sigmoid,
    "softmax": lambda: nn.Softmax(-1),
    "linear": nn.Identity,
}
LOSSES = {
    "binary_crossentropy": nn.functional.binary_cross_entropy_with_logits,
    "sparse_categorical_crossentropy": nn.functional.cross_entropy,
    "mean_squared_error": nn.functional.mse_loss,
}


class Torch(Worker):
    """nn.Sequential up to the last layer's activation, which the loss has in it."""

    def __init__(self, variant: str, threads: int) -> None:
        super().__init__(variant, threads)
        torch.set_num_threads(threads)

    def build(self, case: Case) -> None:
        torch.manual_seed(0)
        parts: list[nn.Module] = []
        for (inputs, units), layer in zip(case.sizes, case.layers):
            parts += [nn.Linear(inputs, units), ACTIVATIONS[layer.activation]()]
            if case.dropout:
                parts.append(nn.Dropout(case.dropout))
        if case.dropout:
            parts.pop()  # none after the last layer
        self.activation = parts.pop()
        self.case, self.network = case, nn.Sequential(*parts)
        # The gradient of l2 * sum(w ** 2) is 2 * l2 * w: Adam's weight_decay, without its own pass.
        weights = [part.weight for part in parts if isinstance(part, nn.Linear)]
        biases = [part.bias for part in parts if isinstance(part, nn.Linear)]
        groups = [
            {"params": weights[:-1], "weight_decay": 2 * case.l2},
            {"params": [*biases, weights[-1]]},
        ]
        self.optimizer = torch.optim.Adam(groups, lr=1e-3, eps=EPSILON, fused=True)
        self.loss_of = torch.compile(self._loss, dynamic=False) if self._compiled else self._loss

    @property
    def _compiled(self) -> bool:
        return self.variant == "compiled"

    def _loss(self, x: Any, y: Any) -> Any:
        return LOSSES[self.case.loss](self.network(x), y)

    def begin_with(self, weights: list[Array]) -> None:
        linear = [part for part in self.network if isinstance(part, nn.Linear)]
        with torch.no_grad():
            for part, values, bias in zip(linear, weights[0::2], weights[1::2]):
                part.weight.copy_(torch.from_numpy(values.T))
                part.bias.copy_(torch.from_numpy(bias))

    def epochs(self, features: Array, targets: Array, count: int) -> tuple[list[float], float]:
        x, y = torch.from_numpy(features), torch.from_numpy(targets)
        if self.case.loss == "sparse_categorical_crossentropy":
            y = y.long()

        def epoch() -> float:
            losses = []
            for rows in torch.randperm(len(x)).split(self.case.batch):
                loss = self.loss_of(x[rows], y[rows])
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
                losses.append(loss.detach())
            return float(torch.stack(losses).mean())

        self.network.train()
        return timed_epochs(epoch, count)

    def calls(self) -> dict[str, Call]:
        model = nn.Sequential(self.network, self.activation).eval()
        called = torch.compile(model, dynamic=False) if self._compiled else model

        def call(x: Array) -> Any:
            with torch.inference_mode():
                return called(torch.from_numpy(x)).numpy()

        return {self.variant: call}

    def versions(self) -> dict[str, str]:
        return {"PyTorch": torch.__version__}


if __name__ == "__main__":
    main(Torch)
