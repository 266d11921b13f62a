"""For the tests of both environments."""

from hypothesis import HealthCheck, settings

# The machine does other things, too: how long an example takes says nothing about the code.
settings.register_profile(
    "shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("shared machine")
