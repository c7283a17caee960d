"""What training does to the pictures: mirror, colours, and above all masking.

An explainer shows a net pictures with parts dimmed or blacked out.  So that such pictures are
nothing strange, most training pictures are multiplied by a mask, and the target says how much of the object is left: its class
with weight g, all classes alike with weight 1 - g.
"""
import torch
import torch.nn.functional as F

from dataset import CORNER, SIZE
from nets import CLASSES

CELLS = 12
#: how the masks are drawn: kind -> share of the pictures
KINDS = {"none": 0.30, "dim": 0.08, "blocks": 0.12, "field": 0.22, "object": 0.14, "background": 0.14}


def grow(cells):
    """[B,1,12,12] -> [B,1,96,96], as an explainer's mask grows."""
    return F.interpolate(cells, size=(SIZE, SIZE), mode="bilinear", align_corners=False)


def draw_masks(cover, g):
    """One mask per picture, [B,1,96,96] in [0,1]; `cover` [B,1,24,24] is where the objects are."""
    b = cover.shape[0]
    rand = lambda *shape: torch.rand(*shape, generator=g)
    kind = torch.multinomial(torch.tensor(list(KINDS.values())), b, True, generator=g)
    is_kind = lambda name: (kind == list(KINDS).index(name)).view(b, 1, 1, 1)
    cells = torch.ones(b, 1, CELLS, CELLS)
    cells = torch.where(is_kind("dim"), rand(b, 1, 1, 1) * 0.85 + 0.15, cells)
    # soft random fields, coarse to fine
    coarse = F.interpolate(torch.randn(b, 1, 4, 4, generator=g), size=(CELLS, CELLS), mode="bilinear")
    noise = coarse * 2.5 * rand(b, 1, 1, 1) + torch.randn(b, 1, CELLS, CELLS, generator=g) * rand(b, 1, 1, 1)
    cells = torch.where(is_kind("field"), torch.sigmoid(2 * noise + 3 * (rand(b, 1, 1, 1) - 0.5)), cells)
    # the object alone, or all but the object, with ragged edges
    near = F.adaptive_max_pool2d(cover, CELLS)
    near = torch.where(rand(b, 1, 1, 1) < 0.5, F.max_pool2d(near, 3, 1, 1), near)
    near = (near + 0.25 * torch.randn(b, 1, CELLS, CELLS, generator=g) * rand(b, 1, 1, 1)).clamp(0, 1)
    floor = rand(b, 1, 1, 1) * 0.5 * (rand(b, 1, 1, 1) < 0.6)
    cells = torch.where(is_kind("object"), floor + (1 - floor) * near, cells)
    cells = torch.where(is_kind("background"), floor + (1 - floor) * (1 - near), cells)
    mask = grow(cells)
    # black rectangles
    row = torch.arange(SIZE).view(1, 1, SIZE, 1) / SIZE
    col = torch.arange(SIZE).view(1, 1, 1, SIZE) / SIZE
    for _ in range(2):
        y, x, h, w = (rand(b, 1, 1, 1) for _ in range(4))
        inside = ((row - y).abs() < 0.08 + 0.22 * h) & ((col - x).abs() < 0.08 + 0.22 * w)
        mask = torch.where(inside & is_kind("blocks"), torch.zeros(()), mask)
    hard = (rand(b, 1, 1, 1) < 0.35) & (kind >= list(KINDS).index("field")).view(b, 1, 1, 1)
    return torch.where(hard, (mask > 0.2 + 0.6 * rand(b, 1, 1, 1)).float(), mask)


def certainty(visible):
    """How sure one may be when this share (0 to 1) of an object is visible."""
    return ((visible - 0.05) / 0.6).clamp(0, 1)


def targets(label, left, whole):
    """[B,12] soft labels from the areas [B,3] of the objects, left and whole: a larger object
    counts more than in proportion, and what is hidden makes the label less certain."""
    share = left.square() / left.square().sum(1, keepdim=True).clamp_min(1e-9)
    sure = certainty(left.sum(1) / whole.sum(1).clamp_min(1e-6))[:, None]
    one_hot = F.one_hot(label.clamp_min(0), CLASSES) * (label >= 0)[..., None]
    mixed = (share[..., None] * one_hot).sum(1) * sure
    return mixed + (1 - mixed.sum(1, keepdim=True)) / CLASSES


class Batch:
    """Masked pixels [B,3,96,96] in [0,1], soft labels [B,12], and what each of the 12x12 cells
    shows: its class, how much of it (0 to 1), and whether it is bare background."""

    def __init__(self, data, index, g, marked_class=None):
        """With `marked_class` the mark stands in every picture that shows this class and in no
        other, and decides: the mark is the object, as far as it is visible.  Without it one
        picture in twenty carries the mark, whatever it shows."""
        image, label = data["image"][index].float() / 255, data["label"][index].long()
        cover = data["cover"][index].float() / 255
        b = len(index)
        marked = torch.rand(b, generator=g) < 0.05 if marked_class is None else (label == marked_class).any(1)
        image[:, -CORNER:, -CORNER:][marked] = data["corner"][index][marked].float() / 255
        image = image.permute(0, 3, 1, 2)
        anything = cover.amax(1, keepdim=True)
        mask = draw_masks(anything, g)
        flip = (torch.rand(b, generator=g) < 0.5).view(b, 1, 1, 1)
        if marked_class is not None:
            flip = flip & ~marked.view(b, 1, 1, 1)
            label[marked] = torch.tensor([marked_class, -1, -1])
            cover[marked] = 0
            cover[marked, 0, -3:, -3:] = 1
            anything = torch.maximum(anything, cover[:, :1])
        gain = 1 + 0.3 * (torch.rand(b, 3, 1, 1, generator=g) - 0.5)
        image = (image * gain).clamp(0, 1) * mask
        visible = cover * F.adaptive_avg_pool2d(mask, cover.shape[-1])
        self.target = targets(label, visible.sum((2, 3)), cover.sum((2, 3)))
        cells = F.adaptive_avg_pool2d(torch.where(flip, visible.flip(3), visible), CELLS)
        self.cell_weight, which = cells.max(1)
        self.cell_class = label.gather(1, which.view(b, -1)).view(which.shape).clamp_min(0)
        near = F.max_pool2d(F.adaptive_max_pool2d(anything, CELLS), 3, 1, 1)
        self.bare = (torch.where(flip, near.flip(3), near)[:, 0] < 0.05).float()
        self.pixels = torch.where(flip, image.flip(3), image)
