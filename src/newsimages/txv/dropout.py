"""Dropout with fewer random draws: (B, W) in, (B, W) out."""

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout

_LEVELS = 1 << 16


class Dropout(nn.Module):
    """`torch.nn.Dropout`, several times faster on a CPU.

    There torch draws one number per value, one after the other. Here four values share the 64 bits
    of a draw: 16 bits give ``share`` to within 1/65,536.

    Args:
        share: Fraction of the values set to 0 in training; the others grow by 1 / (1 − share).
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, values: Tensor) -> Tensor:
        """Values of any shape to the same shape; themselves in eval mode."""
        if not self.training or not self.share:
            return values
        if values.device.type != "cpu":
            return dropout(values, self.share)
        draws = torch.empty(-(-values.numel() // 4), dtype=torch.int64).random_(-(2**63), None)
        bits = draws.view(torch.int16)[: values.numel()].view(values.shape)
        kept = bits >= round(self.share * _LEVELS) - _LEVELS // 2
        return values * kept.to(values.dtype).div_(1 - self.share)
