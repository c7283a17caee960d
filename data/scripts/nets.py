"""The nets of the sample: a small residual convnet and a small ViT.  Plain on purpose; the names
of the ViT's parts are timm's, so that tools which know timm's know these."""
import torch
import torch.nn as nn
import torch.nn.functional as F

CLASSES, SIZE = 12, 96


class Residual(nn.Module):
    """Two 3x3 convolutions and a short cut, BatchNorm after each convolution."""

    def __init__(self, cin, cout, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(cout)
        self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(cout)
        self.down = None
        if stride > 1 or cin != cout:
            self.down = nn.Sequential(nn.Conv2d(cin, cout, 1, stride, bias=False), nn.BatchNorm2d(cout))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return F.relu(y + (x if self.down is None else self.down(x)))


class ScenesCnn(nn.Module):
    """96x96 -> 12x12 cells of `last` channels -> global average -> linear."""

    def __init__(self, widths=(24, 32, 72), last=192):
        super().__init__()
        a, b, c = widths
        self.conv0 = nn.Conv2d(3, a, 3, 2, 1, bias=False)
        self.bn0 = nn.BatchNorm2d(a)
        self.block1 = Residual(a, b, 2)
        self.block2 = Residual(b, b)
        self.block3 = Residual(b, c, 2)
        self.block4 = Residual(c, c)
        self.conv5 = nn.Conv2d(c, last, 1, bias=False)
        self.bn5 = nn.BatchNorm2d(last)
        self.fc = nn.Linear(last, CLASSES)

    def features(self, x):
        x = F.relu(self.bn0(self.conv0(x)))
        x = self.block4(self.block3(self.block2(self.block1(x))))
        return F.relu(self.bn5(self.conv5(x)))

    def forward(self, x):
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(self.features(x), 1), 1))

    def with_cells(self, x):
        """Logits, the features of the cells [B,144,C], and what each cell says for itself."""
        f = self.features(x).flatten(2).transpose(1, 2)
        return self.fc(f.mean(1)), f, self.fc(f) / 4


class Attention(nn.Module):
    def __init__(self, dim, heads, tokens):
        super().__init__()
        self.heads, self.tokens, self.dim = heads, tokens, dim
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        each = self.dim // self.heads
        qkv = self.qkv(x).reshape(-1, self.tokens, 3, self.heads, each).permute(2, 0, 3, 1, 4)
        q, k, v = qkv[0], qkv[1], qkv[2]
        weights = torch.softmax((q * each ** -0.5) @ k.transpose(-2, -1), -1)
        return self.proj((weights @ v).transpose(1, 2).reshape(-1, self.tokens, self.dim))


class Block(nn.Module):
    def __init__(self, dim, heads, tokens, ratio=3):
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(dim), Attention(dim, heads, tokens)
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = nn.Sequential(nn.Linear(dim, ratio * dim), nn.GELU(), nn.Linear(ratio * dim, dim))

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class PatchEmbed(nn.Module):
    """Two strided convolutions before the projection: one token for every 8x8 pixels."""

    def __init__(self, dim):
        super().__init__()
        self.stem1 = nn.Conv2d(3, 32, 3, 2, 1)
        self.stem2 = nn.Conv2d(32, 64, 3, 2, 1)
        self.proj = nn.Conv2d(64, dim, 2, 2)
        self.dim, self.count = dim, (SIZE // 8) ** 2

    def forward(self, x):
        x = self.proj(F.relu(self.stem2(F.relu(self.stem1(x)))))
        return x.reshape(-1, self.dim, self.count).transpose(1, 2)


class ScenesVit(nn.Module):
    """Class token and 12x12 patch tokens, pre-norm blocks, class-token head."""

    def __init__(self, dim=96, depth=4, heads=4):
        super().__init__()
        tokens = (SIZE // 8) ** 2 + 1
        self.patch_embed = PatchEmbed(dim)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.randn(1, tokens, dim) * 0.02)
        self.blocks = nn.Sequential(*(Block(dim, heads, tokens) for _ in range(depth)))
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, CLASSES)
        self.cell_head = nn.Linear(dim, CLASSES + 1)    # for training only: the last one means background

    def tokens(self, x):
        x = self.patch_embed(x)
        x = torch.cat([self.cls_token.expand(x.shape[0], -1, -1), x], 1) + self.pos_embed
        return self.norm(self.blocks(x))

    def forward(self, x):
        return self.head(self.tokens(x)[:, 0])

    def with_cells(self, x):
        """Logits, the patch tokens [B,144,C], and what each says for itself."""
        x = self.tokens(x)
        return self.head(x[:, 0]), x[:, 1:], self.cell_head(x[:, 1:])
