"""Run by the TFX environment: SavedModels that tell by their answers which version was asked.

`make_saved_models.py FOLDER` writes `FOLDER/<factor>/`, each multiplying `x` by its factor, and
`FOLDER/fragile/`, which fails where the others answer: from 10 on.
"""

import sys
from pathlib import Path

import tensorflow as tf

FACTORS = (1, 2, 3, 4)


class Multiplier(tf.Module):
    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = tf.Variable(factor)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def times(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        # As some models do with a value that training never saw.
        tf.debugging.assert_less(x, 1000.0 if self.is_sound else 10.0)
        return {"y": x * self.factor}

    is_sound = True


class Fragile(Multiplier):
    is_sound = False


def main() -> None:
    folder = Path(sys.argv[1])
    models = {str(factor): Multiplier(float(factor)) for factor in FACTORS}
    for name, module in {**models, "fragile": Fragile(2.0)}.items():
        tf.saved_model.save(module, str(folder / name), {"serving_default": module.times})


if __name__ == "__main__":
    main()
