r"""REG without gradients as a guider of diffusers' modular pipelines.

Classifier-free guidance prepares two batches, with the prompt and without. This prepares a third:
the prompt again, at a state that is moved by h in every element. With p the network's outputs,

    J 1 = (p(x + h) - p(x)) / h            of the outputs
    F = 1 - sigma J 1                      for eps
    F = alpha (alpha - sigma J 1)          for v
    F = alpha (1 - sigma J 1)              for flow

is alpha d(1^T x0) / dx, as in `yuragi.guidance.rectified`, and the guided output is

    p_cond + (scale - 1) F (p_cond - p_uncond).

The move is made by a hook on the network while the third batch runs; it is taken away after it.
Noise levels and prediction come from the scheduler's configuration, which the guider keeps, so that
`save_pretrained` and `from_pretrained` keep them too.

References: Gao et al. 2025 (arXiv 2501.18865), equation 21; section 4.5 of our guidance page for h.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from diffusers.configuration_utils import register_to_config
from diffusers.guiders.guider_utils import BaseGuidance, GuiderOutput
from torch import Tensor, nn

from yuragi.adapters.schedules import schedule_from_config
from yuragi.errors import InputError

__all__ = ["RectifiedGuidance"]

KINDS = ("epsilon", "v_prediction", "flow_prediction")
KEPT = (
    "num_train_timesteps",
    "beta_start",
    "beta_end",
    "beta_schedule",
    "trained_betas",
    "rescale_betas_zero_snr",
)
"""Of a scheduler's configuration: what its table of noise levels depends on."""


class RectifiedGuidance(BaseGuidance):  # type: ignore[misc]
    """Guidance that scales the law of the whole chain, to first order.

    Make one by `for_scheduler`, and hand it over: ``pipe.update_components(guider=...)``.

    Args:
        guidance_scale: 1 is off.
        prediction_type: ``epsilon``, ``v_prediction`` or ``flow_prediction``.
        table: for eps and v: what the noise levels depend on, by the names of a scheduler's
            configuration.
        h: step per element in units of sigma; 0.03, or 0.15 in half precision, where None.
        start: share of the steps before which nothing is guided.
        stop: share of the steps after which nothing is guided.
        enabled: False for no guidance at all.

    Raises:
        InputError: a prediction that is none of these, a table that is missing, or h not above 0.
    """

    _input_predictions = ["pred_cond", "pred_uncond", "pred_moved"]  # noqa: RUF012 (theirs)

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(
        self,
        guidance_scale: float = 7.5,
        prediction_type: str = "epsilon",
        table: Mapping[str, Any] | None = None,
        h: float | None = None,
        start: float = 0.0,
        stop: float = 1.0,
        enabled: bool = True,
    ) -> None:
        super().__init__(start, stop, enabled)
        if prediction_type not in KINDS:
            raise InputError("prediction_type", prediction_type, "one of " + ", ".join(KINDS))
        if prediction_type != "flow_prediction" and table is None:
            raise InputError("table", None, "a scheduler's configuration; see for_scheduler")
        if h is not None and not h > 0:
            raise InputError("h", h, "a number above 0, or None")
        self.guidance_scale = guidance_scale
        self.prediction_type = prediction_type
        self._schedule = None if table is None else schedule_from_config(table)
        self._h = h
        self._moved = 0.0
        self._hook: torch.utils.hooks.RemovableHandle | None = None

    @classmethod
    def for_scheduler(
        cls, scheduler: Any, guidance_scale: float = 7.5, h: float | None = None
    ) -> RectifiedGuidance:
        """The guider for a pipeline with this scheduler."""
        config = scheduler.config
        if hasattr(scheduler, "sigmas") and "beta_start" not in config:
            kind, table = "flow_prediction", None
        else:
            kind = config.get("prediction_type", "epsilon")
            table = {name: config[name] for name in KEPT if config.get(name) is not None}
        # By name: diffusers takes what is not named for a default, and forgets it in `new`.
        made: RectifiedGuidance = cls(
            guidance_scale=guidance_scale, prediction_type=kind, table=table, h=h
        )
        return made

    def prepare_inputs(self, data: dict[str, tuple[Tensor, Tensor]]) -> list[Any]:
        """The batches that the network shall see: prompt, none, and prompt again."""
        sides = [0, 1, 0][: self.num_conditions]
        names = self._input_predictions
        return [
            self._prepare_batch(data, side, name) for side, name in zip(sides, names, strict=False)
        ]

    def prepare_inputs_from_block_state(
        self, data: Any, input_fields: Mapping[str, Any]
    ) -> list[Any]:
        """The same from a pipeline's state."""
        sides = [0, 1, 0][: self.num_conditions]
        names = self._input_predictions
        return [
            self._prepare_batch_from_block_state(input_fields, data, side, name)
            for side, name in zip(sides, names, strict=False)
        ]

    def prepare_models(self, denoiser: nn.Module) -> None:
        """Before a batch: the third one sees the state moved."""
        super().prepare_models(denoiser)
        if self._count_prepared != 3:
            return
        _, sigma = self._levels()
        half = next(denoiser.parameters()).dtype in (torch.float16, torch.bfloat16)
        self._moved = float(sigma) * (self._h or (0.15 if half else 0.03))

        def move(module: nn.Module, given: tuple[Any, ...], named: dict[str, Any]) -> Any:
            if given:
                return (given[0] + self._moved, *given[1:]), named
            name = "sample" if "sample" in named else "hidden_states"
            return given, named | {name: named[name] + self._moved}

        self._hook = denoiser.register_forward_pre_hook(move, with_kwargs=True)

    def cleanup_models(self, denoiser: nn.Module) -> None:
        """After a batch: the network is as it was."""
        if self._hook is not None:
            self._hook.remove()
            self._hook = None

    def forward(
        self,
        pred_cond: Tensor,
        pred_uncond: Tensor | None = None,
        pred_moved: Tensor | None = None,
    ) -> GuiderOutput:
        """The guided output of the network."""
        if pred_uncond is None or pred_moved is None:
            return GuiderOutput(pred=pred_cond, pred_cond=pred_cond)
        alpha, sigma = (value.to(pred_cond) for value in self._levels())
        slope = (pred_moved - pred_cond) / self._moved
        factor = {
            "epsilon": lambda: 1 - sigma * slope,
            "v_prediction": lambda: alpha * (alpha - sigma * slope),
            "flow_prediction": lambda: alpha * (1 - sigma * slope),
        }[self.prediction_type]()
        pred = pred_cond + (self.guidance_scale - 1) * factor * (pred_cond - pred_uncond)
        return GuiderOutput(pred=pred, pred_cond=pred_cond, pred_uncond=pred_uncond)

    @property
    def is_conditional(self) -> bool:
        """Whether the batch that is prepared has the prompt."""
        return self._count_prepared in (1, 3)

    @property
    def num_conditions(self) -> int:
        """Batches of a step: three where it is guided, else one."""
        if not self._enabled or self.guidance_scale == 1:
            return 1
        if self._num_inference_steps is None or self._step is None:
            return 3
        first = int(self._start * self._num_inference_steps)
        last = int(self._stop * self._num_inference_steps)
        return 3 if first <= self._step < last else 1

    def _levels(self) -> tuple[Tensor, Tensor]:
        """(alpha, sigma) of the present step, as the network sees its state."""
        t = torch.as_tensor(self._timestep).double().cpu()
        if self._schedule is not None:
            return self._schedule(t)
        sigma = t / 1000 if float(t) > 1 else t
        return 1 - sigma, sigma
