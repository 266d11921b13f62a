"""TensorFlow Serving's REST paths over the same deployed models."""
