# The training container: trains the run of its hyperparameters and leaves the artefact in /opt/ml/model.
# Build from the top of the checkout:  docker build -f src/convscope/deployment/containers/training.Dockerfile .
# For GPU instances:  --build-arg TORCH_BACKEND=cu130
FROM python:3.11.13-slim-bookworm

# One thread, and freed memory is kept: see convscope.runs.execute.
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPATH=/convscope/src \
    OMP_NUM_THREADS=1 \
    MKL_NUM_THREADS=1 \
    OPENBLAS_NUM_THREADS=1 \
    MALLOC_MMAP_THRESHOLD_=4294967296 \
    MALLOC_TRIM_THRESHOLD_=4294967296

WORKDIR /convscope
COPY requirements.lock ./
RUN pip install --no-cache-dir uv==0.13.8

# The lock's PyTorch brings 3 GB of CUDA; this is the same version without it. Its hash is not in the lock.
ARG TORCH_BACKEND=cpu
RUN uv pip install --system --no-cache --torch-backend "${TORCH_BACKEND}" \
    "torch==$(sed -n 's/^torch==\([^ ]*\).*/\1/p' requirements.lock)"

# Everything else in the versions, and with the hashes, of the lock. Matplotlib draws the generated digits.
RUN uv pip install --system --no-cache --constraints requirements.lock \
    filelock matplotlib numpy rich safetensors

COPY src ./src

ENTRYPOINT ["python", "-m", "convscope.deployment.train_entry"]
