"""Copy and paste: where, what, how loud, and that the order of points does not matter."""

import itertools

import pytest
import torch

from yuragi.drag.paste import paste
from yuragi.drag.spec import Handle

GAIN, KEEP, RADIUS = 1.1, 0.3, 2.0


def normal(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


SIGNAL, EPS, FRESH = (normal(k, 1, 2, 16, 20) for k in range(3))
X = SIGNAL + EPS


def run(handles, x=X, signal=SIGNAL, radius=RADIUS, gain=GAIN, keep=KEEP):
    return paste(x, signal, handles, radius, gain, keep, FRESH)


def test_whole_cells_are_the_papers_copy():
    out = run([Handle(5.0, 6.0, 7.0, 0.0)])
    source, target = (slice(4, 8), slice(3, 7)), (slice(4, 8), slice(10, 14))
    torch.testing.assert_close(out[..., *target], GAIN * X[..., *source])
    emptied = KEEP * X[..., *source] + (1 - KEEP**2) ** 0.5 * FRESH[..., *source]
    torch.testing.assert_close(out[..., *source], emptied)
    untouched = torch.ones(16, 20, dtype=torch.bool)
    untouched[source] = untouched[target] = False
    assert torch.equal(out[..., untouched], X[..., untouched])


def test_where_boxes_overlap_the_target_wins():
    out = run([Handle(5.0, 6.0, 2.0, 0.0)])
    torch.testing.assert_close(out[..., 4:8, 5:9], GAIN * X[..., 4:8, 3:7])


def test_parts_of_a_cell_move_the_signal_and_not_the_noise():
    ramp = torch.arange(20.0).expand(1, 1, 16, 20)
    noise = normal(9, 1, 1, 16, 20)
    out = paste(
        ramp + noise, ramp, [Handle(5.0, 6.0, 7.4, 0.0)], RADIUS, 1.0, KEEP, torch.zeros_like(ramp)
    )
    # The box around 12.4 holds the cells with centres 10.5 to 13.5.
    expected = ramp[..., 4:8, 10:14] - 7.4 + noise[..., 4:8, 3:7]
    torch.testing.assert_close(out[..., 4:8, 10:14], expected, rtol=0, atol=1e-4)


def test_less_than_half_a_cell_still_moves_something():
    moved = run([Handle(8.0, 8.0, 0.3, 0.0)], gain=1.0)
    assert not torch.equal(moved[..., 6:10, 7:9], X[..., 6:10, 7:9])


def test_unit_variance_is_kept_under_the_paste():
    x = normal(3, 64, 4, 32, 32)
    out = paste(
        x, torch.zeros_like(x), [Handle(10.0, 16.0, 11.5, 0.0)], 5.0, 1.0, KEEP, normal(4, *x.shape)
    )
    for box in (out[..., 11:21, 5:15], out[..., 11:21, 17:26]):
        assert box.var().item() == pytest.approx(1.0, abs=0.03)


def test_boxes_reach_the_last_row_and_column():
    out = run([Handle(10.0, 8.0, 9.0, 7.0)])
    assert not torch.equal(out[..., 15, 19], X[..., 15, 19])
    out = run([Handle(19.5, 15.5, -9.0, -7.0)])
    assert not torch.equal(out[..., 15, 19], X[..., 15, 19])


def test_content_from_beyond_the_border_is_not_invented():
    out = run([Handle(0.5, 8.0, 8.0, 0.0)])
    # Cells 6 and 7 would come from columns -2 and -1.
    assert torch.equal(out[..., 6:10, 7], X[..., 6:10, 7])
    torch.testing.assert_close(out[..., 6:10, 8], GAIN * X[..., 6:10, 0])


def test_the_order_of_handles_does_not_matter():
    handles = [
        Handle(5.0, 6.0, 4.0, 1.0),
        Handle(9.0, 7.0, 2.5, 0.0),
        Handle(12.0, 9.0, -4.0, -2.0),
    ]
    first, *others = (run(list(order)) for order in itertools.permutations(handles))
    for other in others:
        assert torch.equal(first, other)


def test_the_nearest_target_wins():
    out = run([Handle(3.0, 8.0, 7.0, 0.0), Handle(17.0, 8.0, -5.0, 0.0)])
    torch.testing.assert_close(out[..., 6:10, 8:11], GAIN * X[..., 6:10, 1:4])
    shorter = GAIN ** (5 / 7)
    torch.testing.assert_close(out[..., 6:10, 11:14], shorter * X[..., 6:10, 16:19])


def test_gain_is_not_repeated_on_a_handle_that_hardly_moves():
    # Ten sub-drags of a long and a very short motion: the short one's share is gain^(1/100).
    x = signal = torch.ones(1, 1, 16, 20)
    for _ in range(10):
        x = signal = paste(
            x,
            signal,
            [Handle(3.0, 3.0, 1.0, 0.0), Handle(14.0, 12.0, 0.01, 0.0)],
            RADIUS,
            GAIN,
            1.0,
            torch.zeros_like(x),
        )
    assert x[..., 12, 14].item() == pytest.approx(GAIN**0.1, rel=1e-4)


def test_nothing_is_changed_in_place():
    before = X.clone()
    run([Handle(5.0, 6.0, 7.0, 0.0)])
    assert torch.equal(X, before)
