"""The server of a trained model: SageMaker's contract for inference containers, usable anywhere."""
