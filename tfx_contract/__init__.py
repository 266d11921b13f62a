"""What the Airflow side and the TFX side agree on, and nothing else.

Every record here is a frozen pydantic model that refuses unknown keys, so that the two
environments can exchange plain JSON and neither ever imports the other's packages.
"""
