"""Logging by the trackers that accelerate knows: TensorBoard, W&B, MLflow and others."""
