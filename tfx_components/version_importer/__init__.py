"""VersionImporter: brings a pushed version into a pipeline, as a Model artifact."""
