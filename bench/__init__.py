"""Side-by-side measurements, printed and written to `var/bench/results.json`."""
