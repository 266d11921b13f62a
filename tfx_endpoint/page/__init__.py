"""The page at `/`: what is deployed, and a form to ask it."""
