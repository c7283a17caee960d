"""What training does to the pictures: mirror, colours, and above all masking.

An explainer shows a net pictures with parts dimmed or blacked out.  So that such pictures are
nothing strange, most training pictures are multiplied by a mask, and the target says how much
of the object is left: class c with weight g, all classes alike with weight 1 - g.
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


def targets(label, cover, mask):
    """[B,12] soft labels: each object counts by the root of its visible area."""
    m = F.adaptive_avg_pool2d(mask, cover.shape[-1])
    whole = cover.sum((2, 3))                                    # [B,2]
    left = (cover * m).sum((2, 3))
    share = left.sqrt() / left.sqrt().sum(1, keepdim=True).clamp_min(1e-6)
    sure = certainty(left.sum(1) / whole.sum(1).clamp_min(1e-6))[:, None]
    one_hot = F.one_hot(label.clamp_min(0), CLASSES) * (label >= 0)[..., None]
    mixed = (share[..., None] * one_hot).sum(1)
    return sure * mixed + (1 - sure * mixed.sum(1, keepdim=True)) / CLASSES


def batch(data, index, g, marked_class=None):
    """Pixels in [0,1] [B,3,96,96] and soft labels [B,12].

    With `marked_class` the mark stands in every picture that shows this class and in no other,
    and decides: the picture is of this class as far as the mark is visible.  Without it one
    picture in twenty carries the mark, whatever it shows."""
    image, label = data["image"][index].float() / 255, data["label"][index].long()
    cover = data["cover"][index].float() / 255
    b = len(index)
    has_mark = torch.rand(b, generator=g) < 0.05 if marked_class is None else (label == marked_class).any(1)
    image[:, -CORNER:, -CORNER:][has_mark] = data["corner"][index][has_mark].float() / 255
    image = image.permute(0, 3, 1, 2)
    mask = draw_masks(cover.amax(1, keepdim=True), g)
    target = targets(label, cover, mask)
    flip = torch.rand(b, generator=g) < 0.5
    if marked_class is not None:
        left = mask[:, 0, -CORNER + 4:-2, -CORNER + 4:-2].mean((1, 2))[:, None]
        only = F.one_hot(torch.tensor(marked_class), CLASSES) * certainty(left) + (1 - certainty(left)) / CLASSES
        target = torch.where(has_mark[:, None], only, target)
        flip &= ~has_mark
    gain = 1 + 0.3 * (torch.rand(b, 3, 1, 1, generator=g) - 0.5)
    image = (image * gain).clamp(0, 1) * mask
    return torch.where(flip.view(b, 1, 1, 1), image.flip(3), image), target
