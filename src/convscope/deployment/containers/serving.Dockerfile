# The serving container: answers GET /ping and POST /invocations on port 8080 for the artefact in /opt/ml/model.
# Build from the top of the checkout:  docker build -f src/convscope/deployment/containers/serving.Dockerfile .
FROM python:3.11.13-slim-bookworm

# Without it the port is fixed: SageMaker sets SAGEMAKER_BIND_TO_PORT only for images that say they honour it.
LABEL com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPATH=/convscope/src \
    OMP_NUM_THREADS=1

WORKDIR /convscope
COPY requirements.lock ./
RUN pip install --no-cache-dir uv==0.13.8

# The lock's PyTorch brings 3 GB of CUDA; this is the same version without it. Its hash is not in the lock.
ARG TORCH_BACKEND=cpu
RUN uv pip install --system --no-cache --torch-backend "${TORCH_BACKEND}" \
    "torch==$(sed -n 's/^torch==\([^ ]*\).*/\1/p' requirements.lock)"

# Everything else in the versions, and with the hashes, of the lock.
RUN uv pip install --system --no-cache --constraints requirements.lock \
    numpy pillow safetensors starlette uvicorn

COPY src ./src

EXPOSE 8080
ENTRYPOINT ["python", "-m", "convscope.deployment.serving"]
