"""What Sightline's methods are timed against: the same methods of captum, pytorch-grad-cam or, for RISE, in plain torch.

Each is a function (case) -> map, channels x height x width or height x width, of a case with
  net     torch module, batch x 3 x H x W -> batch x K, that has run() and output of the reference's OnnxModule
  x       1 x 3 x H x W
  target  class
  layer   name of the value that class activation maps look at by default
  masks   how many masks RISE draws
"""
import os

os.environ["TQDM_DISABLE"] = "1"

import torch


def captum_integrated_gradients(batch):
    def run(case):
        from captum.attr import IntegratedGradients
        return IntegratedGradients(case.net).attribute(case.x, target=case.target, n_steps=50,
                                                       method="gausslegendre", internal_batch_size=batch)
    return run


def captum_smooth_grad(batch):
    def run(case):
        from captum.attr import NoiseTunnel, Saliency
        level = 0.15 * float(case.x.max() - case.x.min())
        return NoiseTunnel(Saliency(case.net)).attribute(case.x, nt_type="smoothgrad", nt_samples=25, stdevs=level,
                                                         nt_samples_batch_size=batch, target=case.target, abs=False)
    return run


def package_cam(name, frozen, batch=None):
    """pytorch-grad-cam, which hooks modules: a module that passes the layer's value on. frozen: the gradient ends at
    the layer; else it runs on to every weight, as it does for a torchvision model out of the box."""
    class Layer(torch.nn.Module):
        def forward(self, value):
            return value.detach().requires_grad_(True) if frozen else value.clone()

    class Net(torch.nn.Module):
        def __init__(self, case):
            super().__init__()
            self.net, self.layer, self.name = case.net, Layer(), case.layer

        def forward(self, x):
            return self.net.run(x, [self.net.output], {self.name: self.layer})[0]

    def grid(tokens):
        side = int((tokens.shape[1] - 1) ** 0.5)
        return tokens[:, 1:].reshape(len(tokens), side, side, -1).permute(0, 3, 1, 2)

    def run(case):
        import pytorch_grad_cam
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
        net = Net(case)
        net.requires_grad_(not frozen)
        with torch.no_grad():
            tokens = case.net.run(case.x, [case.layer])[0].dim() == 3
        with getattr(pytorch_grad_cam, name)(net, [net.layer], reshape_transform=grid if tokens else None) as cam:
            if batch:
                cam.batch_size = batch
            result = cam(case.x, [ClassifierOutputTarget(case.target)])[0]
        net.requires_grad_(False)
        return result
    return run


def rise_masks(n, rows, cols, height, width, keep, generator):
    """n x 1 x height x width: random cells enlarged to (cells + 1) cell sizes, cut out at a random offset."""
    down, across = -(-height // rows), -(-width // cols)
    cells = (torch.rand(n, 1, rows, cols, generator=generator) < keep).float()
    large = torch.nn.functional.interpolate(cells, size=((rows + 1) * down, (cols + 1) * across), mode="bilinear",
                                            align_corners=False)
    tops = torch.randint(down, (n,), generator=generator).tolist()
    lefts = torch.randint(across, (n,), generator=generator).tolist()
    return torch.stack([m[:, y:y + height, x:x + width] for m, y, x in zip(large, tops, lefts)])


def torch_rise(batch):
    """RISE from its definition, in torch, as captum has none: mean over masks of p(x m) m / keep, 7 x 7 cells, keep 1/2.
    The masks are other ones than Sightline's, so the maps agree only as far as they have settled."""
    def run(case):
        generator = torch.Generator().manual_seed(0)
        height, width = case.x.shape[-2:]
        total = torch.zeros(height, width)
        with torch.no_grad():
            for start in range(0, case.masks, batch):
                masks = rise_masks(min(batch, case.masks - start), 7, 7, height, width, 0.5, generator)
                scores = case.net(case.x * masks).softmax(1)[:, case.target]
                total += torch.tensordot(scores, masks[:, 0], 1)
        return total / (0.5 * case.masks)
    return run


# Method: (settings of sightline-cli, name of the package, implementations of which the fastest counts)
METHODS = {
    "integrated-gradients": (["steps=50", "rule=gauss-legendre"], "captum",
                             [captum_integrated_gradients(None), captum_integrated_gradients(8)]),
    "grad-cam": ([], "pytorch-grad-cam", [package_cam("GradCAM", False), package_cam("GradCAM", True)]),
    "score-cam": (["variant=softmax-over-channels"], "pytorch-grad-cam",
                  [package_cam("ScoreCAM", True), package_cam("ScoreCAM", True, 8)]),
    "smooth-grad": (["samples=25"], "captum", [captum_smooth_grad(None), captum_smooth_grad(8)]),
    "rise": ([], "torch", [torch_rise(8), torch_rise(32)]),
}
