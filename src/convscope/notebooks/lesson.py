"""The cells that teach: the data, the networks written out, a convolution by hand, shapes, and a short training."""

from __future__ import annotations

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from convscope.analysis.study_records import StudyRun
from convscope.language import Catalogue
from convscope.report.numbers import literally
from convscope.specs import ModelSpec, from_json

SECTIONS = 5  # that the lesson has: what was measured is the next

_DATA = """\
## 1 The data

The images that the networks of this notebook learn from. Where the data set is on this machine, the next cell takes
the first of its training and test images; where it is not, a few that are stored with the results, which is enough to
look at but not to learn from. `DOWNLOAD = True` fetches the whole set; in Colab that is so from the start."""

_LOAD = """\
DOWNLOAD = "google.colab" in sys.modules
MOST = 500 if PROFILE == "smoke" else 2000  # training images of the short training below; half as many test images

train, test, said = results.few_images(PROJECT, MOST, DOWNLOAD)
print(said)
for part, few in (("train", train), ("test", test)):
    low, high = few.pixels.min(), few.pixels.max()
    shape = "×".join(str(side) for side in few.pixels.shape)
    print(f"{part}: {shape} (images, channels, height, width), {few.pixels.dtype}, {low} to {high}")
class_names = results.metrics["datasets"][results.study["dataset"]]["class_names"]
counts = [int((train.labels == label).sum()) for label in range(len(class_names))]
pd.DataFrame({"class": class_names, "training images here": counts})"""

_LOOK = """\
import matplotlib.pyplot as plt
import numpy as np

columns = min(len(class_names), 10)
figure, grid = plt.subplots(3, columns, figsize=(columns * 0.9, 3.1), squeeze=False)
for label in range(columns):
    of_class = train.pixels[train.labels == label]
    for row in range(3):
        grid[row, label].set_axis_off()
        if row < len(of_class):
            grid[row, label].imshow(np.moveaxis(of_class[row], 0, -1), cmap="gray", vmin=0, vmax=255)
    grid[0, label].set_title(class_names[label], fontsize=7)
plt.show()"""

_NORMALISE = """\
A network is fed numbers of about unit size. So the pixels are divided by 255; where the study asks for it, the mean
of the training images is taken off, and what is left divided by their standard deviation, each channel by itself."""

_FED = """\
mean, deviation = 0.0, 1.0
if results.study["normalisation"] == "standard":
    scaled = train.pixels / 255
    mean = scaled.mean(axis=(0, 2, 3), keepdims=True)
    deviation = scaled.std(axis=(0, 2, 3), keepdims=True)
x_train = ((train.pixels / 255 - mean) / deviation).astype(np.float32)
x_test = ((test.pixels / 255 - mean) / deviation).astype(np.float32)
print(f"fed to the network: mean {x_train.mean():.2f}, standard deviation {x_train.std():.2f}")"""

_NETWORKS = """\
## 2 The networks, written out

Each line is a layer. A convolution with `padding` keeps the size of the image, pooling halves it, and the dense
layers at the end (`Linear`) turn what was found into one number a class, the *logits*. Count the weights of a
convolution: filters × (kernel × kernel × channels + 1); of a dense layer: outputs × (inputs + 1)."""

_WRITTEN = """\
import torch
from torch import nn

torch.manual_seed(0)
torch.set_num_threads(1)  # sums in one order: the same numbers at every run
networks = {{}}
{networks}
for name, network in networks.items():
    parameters = sum(weights.numel() for weights in network.parameters())
    assert parameters == results.study["variants"][name]["parameters"]
    print(f"{{results.study['variants'][name]['title']}}: {{parameters:,}} parameters, as in the study")"""

_BUILT = """\
# PyTorch lacks one of its layers, so the project builds it from its specification.
from convscope.models.torch_model import build
from convscope.analysis.study_records import StudyRun
from convscope.specs import from_json

networks[{name!r}] = build(from_json(results.study["variants"][{name!r}]["model"]), pool_first=False)"""

_BY_HAND = """\
## 3 A convolution by hand

A filter $w$ visits every window of the image and takes the sum of products there, plus a bias:
$y_{f,i,j} = b_f + \\sum_{c,u,v} w_{f,c,u,v}\\, x_{c,i+u,j+v}$. NumPy shows all windows without copying them, and
`einsum` writes the sum as the formula does.

Training needs the way back: how the loss changes with the weights, the bias, and the input, given how it changes with
the output.

- *Weights.* A weight met one pixel in every window, so its gradient is the sum over windows of that pixel times the \
gradient there.
- *Bias.* It was added at every position: the sum of the gradient.
- *Input.* A pixel was seen by several windows, each time by another weight; what comes back to it is a convolution of \
the gradient with the kernel turned by half a circle."""

_CONVOLUTION = '''\
def windows(x, side, padding):
    """All windows of images (N, C, H, W): (N, C, rows, columns, side, side)."""
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    return np.lib.stride_tricks.sliding_window_view(x, (side, side), axis=(2, 3))


def forward(x, weight, bias, padding):
    seen = windows(x, weight.shape[-1], padding)
    return np.einsum("ncijuv,fcuv->nfij", seen, weight, optimize=True) + bias[:, None, None]


def backward(gradient, x, weight, padding):
    """Gradients of input, weights and bias from that of the output, (N, F, rows, columns)."""
    side = weight.shape[-1]
    of_weight = np.einsum("nfij,ncijuv->fcuv", gradient, windows(x, side, padding), optimize=True)
    turned = weight[:, :, ::-1, ::-1]
    around = windows(gradient, side, side - 1 - padding)
    of_input = np.einsum("nfijuv,fcuv->ncij", around, turned, optimize=True)
    return of_input, of_weight, gradient.sum(axis=(0, 2, 3))'''

_COMPARED = """\
Is it right? PyTorch computes the same layer, and finds its gradients by itself. The differences should be those of
rounding."""

_COMPARE = """\
few = torch.tensor(x_train[:4], requires_grad=True)
layer = nn.Conv2d(few.shape[1], 6, kernel_size=3, padding=1)
answer = layer(few)
loss = (answer**2).sum()  # any loss will do; its gradient with respect to the answer is 2 × answer
loss.backward()

weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
ours = forward(x_train[:4], weight, bias, padding=1)
gradients = backward(2 * ours, x_train[:4], weight, padding=1)
theirs = [few.grad.numpy(), layer.weight.grad.numpy(), layer.bias.grad.numpy()]
pairs = [("answer", ours, answer.detach().numpy())]
pairs += list(zip(("gradient of input", "of weights", "of bias"), gradients, theirs))
for name, one, other in pairs:
    largest = abs(one - other).max() / abs(other).max()
    assert largest < 1e-4, (name, largest)
    print(f"{name}: shape {one.shape}, as PyTorch's" + " up to rounding")"""

_FORWARD = """\
## 4 One image on its way

One image goes through the convolutional network, layer by layer. Watch the shape: convolutions change the number of
maps, pooling their size, and behind the flattening there is no place any more, only a list."""

_SHAPES = """\
values = torch.tensor(x_test[:1])
rows = [("input", "×".join(map(str, values.shape[1:])), 0)]
maps = None
with torch.inference_mode():
    for layer in networks[{reference}]:
        values = layer(values)
        weights = sum(each.numel() for each in layer.parameters())
        rows.append((type(layer).__name__, "×".join(map(str, values.shape[1:])), weights))
        if maps is None and isinstance(layer, nn.Conv2d):
            maps = values[0].numpy()
pd.DataFrame(rows, columns=["layer", "shape behind it", "parameters"])"""

_MAPS = """\
shown = [x_test[0].mean(axis=0), *(maps[:7] if maps is not None else [])]
figure, grid = plt.subplots(1, len(shown), figsize=(len(shown), 1.3), squeeze=False)
for place, (axes, image) in enumerate(zip(grid[0], shown)):
    axes.imshow(image, cmap="gray")
    axes.set_axis_off()
    axes.set_title("input" if place == 0 else f"map {place}", fontsize=7)
plt.show()"""

_MAPS_READ = """\
These filters are random: nothing has been learned yet. Even so each map still shows the image, blurred or with its
edges, in its place. That is what a convolution does before any training, and what a dense layer has to learn."""

_TRAINING = """\
## 5 A short training

Both networks learn from the same few images, in the same order, for a few rounds: under a minute on a processor. Each
step takes a batch, asks how wrong the answers are (cross-entropy), sends that back through the layers, and moves
every weight a little downhill (Adam)."""

_TRAIN = """\
EPOCHS, BATCH = 3, 64
x, y = torch.tensor(x_train), torch.tensor(train.labels)
x_new, y_new = torch.tensor(x_test), torch.tensor(test.labels)


def learn(network, rate=1e-3):
    order = torch.Generator().manual_seed(1)
    optimiser = torch.optim.Adam(network.parameters(), lr=rate)
    history = []
    for _ in range(EPOCHS):
        network.train()
        total = 0.0
        for batch in torch.randperm(len(x), generator=order).split(BATCH):
            optimiser.zero_grad()
            loss = nn.functional.cross_entropy(network(x[batch]), y[batch])
            loss.backward()
            optimiser.step()
            total += loss.item() * len(batch)
        network.eval()
        with torch.inference_mode():
            right = (network(x_new).argmax(dim=1) == y_new).float().mean().item()
        history.append((total / len(x), right))
    return history


histories = {results.study["variants"][name]["title"]: learn(network) for name, network in networks.items()}
learned = {(name, what): [epoch[place] for epoch in history]
           for name, history in histories.items()
           for place, what in enumerate(("training loss", "test accuracy"))}
pd.DataFrame(learned, index=pd.RangeIndex(1, EPOCHS + 1, name="epoch")).round(3)"""

_TRAINED = """\
Read the table downwards first: the loss falls, so both networks learn. Then across. From so few images, so few rounds
and a single seed no comparison can be drawn; that is what the stored results are for, with all images, all rounds,
and several seeds.

## 6 What was measured: {title}

From here on the text is what the report or its supplement says. The code loads the stored results and draws every
figure from them, without training."""


def lesson_cells(study: StudyRun, texts: Catalogue) -> list[NotebookNode]:
    """Return the cells of sections 1 to 5, and the heading of the sixth."""
    names = [name for name in dict.fromkeys((study.baseline, study.reference)) if name in study.variants]
    written = {name: written_out(from_json(study.variants[name].model)) for name in names}
    networks = "\n".join(
        f"networks[{name!r}] = {code}" if code else _BUILT.format(name=name) for name, code in written.items()
    )
    say = texts.template
    return [
        new_markdown_cell(say(_DATA)), new_code_cell(_LOAD), new_code_cell(_LOOK),
        new_markdown_cell(say(_NORMALISE)), new_code_cell(_FED),
        new_markdown_cell(say(_NETWORKS)), new_code_cell(_WRITTEN.format(networks=networks)),
        new_markdown_cell(say(_BY_HAND)), new_code_cell(_CONVOLUTION),
        new_markdown_cell(say(_COMPARED)), new_code_cell(_COMPARE),
        new_markdown_cell(say(_FORWARD)), new_code_cell(_SHAPES.format(reference=repr(study.reference))),
        new_code_cell(_MAPS), new_markdown_cell(say(_MAPS_READ)),
        new_markdown_cell(say(_TRAINING)), new_code_cell(_TRAIN),
        new_markdown_cell(say(_TRAINED).format(title=literally(study.title))),
    ]  # fmt: skip


def written_out(model: ModelSpec) -> str | None:
    """Return a network as code that needs PyTorch alone; None where it has a layer that PyTorch lacks.

    A module of PyTorch's prints itself as the call that makes it.
    """
    from convscope.models.torch_model import build  # slow to import

    modules = list(build(model, pool_first=False).children())
    lines = [f"    nn.{module},  # {sum(w.numel() for w in module.parameters()):,} parameters".replace(
        ",  # 0 parameters", ",") for module in modules]  # fmt: skip
    if any(type(module).__module__.split(".")[0] != "torch" for module in modules):
        return None
    return "\n".join(["nn.Sequential(", *lines, ")"])
