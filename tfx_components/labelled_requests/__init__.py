"""LabelledRequests: logged requests whose ground truth is known become training data."""
