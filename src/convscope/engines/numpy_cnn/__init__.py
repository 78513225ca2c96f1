"""A convolutional network written in NumPy, made to be read.

Start with `layers`, then `convolution`: every layer keeps its gradients beside its forward pass. `network`
chains the layers, `loss` and `optimisers` are what training needs besides, and `train` is the loop.

Between layers the batch is the *last* axis: images are (C, H, W, N), vectors (features, N). Every operation
on a pixel is then an operation on N neighbouring numbers, which is what NumPy is fast at; `Flatten` is a
reshape; and a dense layer is ``weight @ x``, as on paper. `Network` takes and gives the usual (N, C, H, W)
and (N, classes).
"""
