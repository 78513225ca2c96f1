"""From a trained run to an answering endpoint, and back to nothing: artefact, training entry, server, SageMaker."""
