"""VersionPusher: makes a blessed model a version, atomically, with a manifest of its origin."""
