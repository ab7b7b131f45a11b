r"""REG without gradients as a guider of diffusers' modular pipelines.

Classifier-free guidance prepares two batches, with the prompt and without. This guider prepares a
third batch: the prompt again, at a state that is moved by h in every element. With p the network's
outputs and x0(p, x) the predicted clean picture, which is linear in both,

    J 1 = (p(x + h) - p(x)) / h            of the outputs
    F = alpha x0(J 1, 1)                   1 - sigma J 1, for eps

is alpha d(1^T x0) / dx, as in `yuragi.guidance.rectified`, and the guided output is

    p_cond + (scale - 1) F (p_cond - p_uncond).

The state is moved in the call of the network for the third batch only. In half precision the state
is rounded, so h is the actual change of each element, and F is 1 where it is zero.

Noise levels and prediction come from the scheduler's configuration, which the guider keeps, so that
its own `save_pretrained` and `from_pretrained` keep them too. A pipeline that is saved does not
keep its guider; diffusers makes a default one when the pipeline is loaded again.

References: Gao et al. 2025 (arXiv 2501.18865), equation 21. For h see
`yuragi.guidance.finite_difference`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from diffusers.configuration_utils import register_to_config
from diffusers.guiders.guider_utils import BaseGuidance, GuiderOutput
from torch import Tensor, nn

from yuragi.core import Direct, predictions
from yuragi.diffusers.axis import Axis, axis_of
from yuragi.diffusers.calls import Arguments, change_next_call
from yuragi.errors import InputError
from yuragi.guidance.finite_difference import perturb, step_size
from yuragi.models.schedules import flow_shift

__all__ = ["RectifiedGuidance"]

KEPT = (
    "num_train_timesteps",
    "beta_start",
    "beta_end",
    "beta_schedule",
    "trained_betas",
    "rescale_betas_zero_snr",
    "shift",
    "use_flow_sigmas",
)
"""The entries of a scheduler's configuration that decide the meaning of its timesteps."""

FLOW = {"num_train_timesteps": 1000, "shift": 1.0}

STATES = ("sample", "hidden_states", "x")
"""The keywords of the state in networks that do not take it as the first argument."""


class RectifiedGuidance(BaseGuidance):  # type: ignore[misc]
    """REG without gradients, as a guider for modular pipelines.

    It tilts the distribution of the whole chain, to first order. Make a guider with `for_pipeline`,
    and set it with ``pipe.update_components(guider=...)``.

    Args:
        guidance_scale: the guidance scale; 1 is off.
        prediction_type: a name in `yuragi.core.predictions`.
        table: the entries of a scheduler's configuration that decide the noise levels. None, for
            ``flow_prediction`` only, means a flow whose timesteps are 1000 sigma.
        h: the step per element in units of sigma; None for 0.03, or 0.15 in half precision.
        start: the share of the steps before which there is no guidance.
        stop: the share of the steps after which there is no guidance.
        enabled: whether there is any guidance.

    Raises:
        InputError: the prediction is unknown, the table is missing, or h is not above 0; when it
            runs, the network's state is not found or has more elements than its output.
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
        if prediction_type not in predictions:
            raise InputError("prediction_type", prediction_type, "one of " + ", ".join(predictions))
        if prediction_type != "flow_prediction" and table is None:
            raise InputError("table", None, "a scheduler's configuration; see for_scheduler")
        if h is not None and not h > 0:
            raise InputError("h", h, "a number above 0, or None")
        self.guidance_scale = guidance_scale
        self._prediction: Direct = predictions[prediction_type]
        self._axis: Axis = axis_of(FLOW if table is None else table)
        self._h = h
        self._change: Tensor | None = None
        self._take_back: Callable[[], None] = _nothing

    @classmethod
    def for_pipeline(
        cls, pipeline: Any, guidance_scale: float = 7.5, h: float | None = None
    ) -> RectifiedGuidance:
        """The guider for a modular pipeline, whose scheduler must be in place.

        Raises:
            InputError: the pipeline has no guider, such as Flux's, whose network takes the scale as
                input; or the noise levels are neither a table's nor a flow's.
        """
        if not hasattr(pipeline, "guider"):
            allowed = "a modular pipeline with a guider among its components"
            raise InputError("pipeline", type(pipeline).__name__, allowed)
        return cls.for_scheduler(pipeline.scheduler, guidance_scale, h)

    @classmethod
    def for_scheduler(
        cls, scheduler: Any, guidance_scale: float = 7.5, h: float | None = None
    ) -> RectifiedGuidance:
        """The guider for a pipeline with this scheduler.

        Raises:
            InputError: the noise levels are neither a table's nor a flow's.
        """
        config = scheduler.config
        usual = "epsilon" if flow_shift(config) is None else "flow_prediction"
        # As keywords: diffusers treats positional arguments as defaults, and drops them in `new`.
        made: RectifiedGuidance = cls(
            guidance_scale=guidance_scale,
            prediction_type=config.get("prediction_type", usual),
            table={name: config[name] for name in KEPT if config.get(name) is not None},
            h=h,
        )
        return made

    def prepare_inputs(self, data: dict[str, tuple[Tensor, Tensor]]) -> list[Any]:
        """The batches for the network: with the prompt, without it, and with the prompt again."""
        sides = [0, 1, 0][: self.num_conditions]
        names = self._input_predictions
        return [
            self._prepare_batch(data, side, name) for side, name in zip(sides, names, strict=False)
        ]

    def prepare_inputs_from_block_state(
        self, data: Any, input_fields: Mapping[str, Any]
    ) -> list[Any]:
        """Prepare the same batches from a pipeline's state."""
        sides = [0, 1, 0][: self.num_conditions]
        names = self._input_predictions
        return [
            self._prepare_batch_from_block_state(input_fields, data, side, name)
            for side, name in zip(sides, names, strict=False)
        ]

    def prepare_models(self, denoiser: nn.Module) -> None:
        """Before a batch: for the third one, arrange that the network reads the moved state."""
        super().prepare_models(denoiser)
        self._take_back()
        if self._count_prepared != 3:
            return
        _, sigma = self._levels()
        self._change = None

        def move(given: tuple[Any, ...], named: dict[str, Any]) -> Arguments:
            name = None if given else _name_of_state(named)
            state = given[0] if name is None else named[name]
            dtype = _read_in(state)
            moved, self._change = _move(state, step_size(self._h, dtype) * sigma, dtype)
            return ((moved, *given[1:]), named) if name is None else ((), {**named, name: moved})

        self._take_back = change_next_call(denoiser, move)

    def cleanup_models(self, denoiser: nn.Module) -> None:
        """After a batch: restore the network, even if it was not called."""
        self._take_back()
        self._take_back = _nothing

    def forward(
        self,
        pred_cond: Tensor,
        pred_uncond: Tensor | None = None,
        pred_moved: Tensor | None = None,
    ) -> GuiderOutput:
        """The guided output, computed in single precision and returned in the network's dtype."""
        if pred_uncond is None or pred_moved is None:
            return GuiderOutput(pred=pred_cond, pred_cond=pred_cond)
        cond, uncond, moved = (each.float() for each in (pred_cond, pred_uncond, pred_moved))
        change = self._change_of(cond)
        alpha, sigma = (value.to(cond) for value in self._levels())
        slope = (moved - cond) / change
        factor = alpha * self._prediction.x0(slope, torch.ones_like(slope), alpha, sigma)
        # Where the state is large, rounding can remove the whole step; then there is no
        # measurement.
        factor = torch.where(change == 0, 1.0, factor)
        pred = cond + (self.guidance_scale - 1) * factor * (cond - uncond)
        return GuiderOutput(
            pred=pred.to(pred_cond.dtype), pred_cond=pred_cond, pred_uncond=pred_uncond
        )

    def _change_of(self, pred: Tensor) -> Tensor:
        """The change of the state, in the shape of the network's output."""
        if self._change is None:
            raise InputError("denoiser", None, "a network that is called once for each batch")
        if self._change.numel() != pred.numel():
            shape = tuple(self._change.shape)
            allowed = f"a network whose state has as many elements as its output: {pred.numel()}"
            raise InputError("denoiser", f"a state of shape {shape}", allowed)
        return self._change.reshape(pred.shape).float()

    @property
    def is_conditional(self) -> bool:
        """Whether the batch that is prepared has the prompt."""
        return self._count_prepared in (1, 3)

    @property
    def num_conditions(self) -> int:
        """The number of batches of a step: three with guidance, one without."""
        if not self._enabled or self.guidance_scale == 1:
            return 1
        if self._num_inference_steps is None or self._step is None:
            return 3
        first = int(self._start * self._num_inference_steps)
        last = int(self._stop * self._num_inference_steps)
        return 3 if first <= self._step < last else 1

    def _levels(self) -> tuple[Tensor, Tensor]:
        """(alpha, sigma) of the current step, in the scaling of the network's state."""
        t = torch.as_tensor(self._timestep).double().cpu()
        return self._axis.levels(t)


def _nothing() -> None:
    """Undo nothing, because nothing was changed."""


def _name_of_state(named: Mapping[str, Any]) -> str:
    """The keyword of the state in a call without positional arguments."""
    found = [name for name in STATES if name in named]
    if not found:
        allowed = "a network whose state comes first or is called " + ", ".join(STATES)
        raise InputError("denoiser", f"one that is told {', '.join(named)}", allowed)
    return found[0]


def _read_in(state: Tensor | list[Tensor]) -> torch.dtype:
    """The dtype in which the network computes.

    The weights do not determine it, because some can be in single precision and others not.
    """
    first = state if isinstance(state, Tensor) else state[0]
    if torch.is_autocast_enabled(first.device.type):
        return torch.get_autocast_dtype(first.device.type)
    return first.dtype


def _move(state: Tensor | list[Tensor], h: Tensor, dtype: torch.dtype) -> tuple[Any, Tensor]:
    """The state (or the list of rows that some networks take) moved by h, and the change."""
    if isinstance(state, Tensor):
        # In single precision the difference of two half-precision numbers is exact.
        moved, change = perturb(state.float(), torch.ones_like(state).float(), h, dtype)
        return moved.to(state.dtype), change
    pairs = [_move(row, h, dtype) for row in state]
    return [moved for moved, _ in pairs], torch.stack([change for _, change in pairs])
