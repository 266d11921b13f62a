"""Whether requests that the live version answers would be answered by a new one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tfx_contract.manifest import SignatureShape, TensorShape

Signatures = Mapping[str, SignatureShape]


def broken_callers(new: Signatures, live: Signatures) -> list[str]:
    """Why requests of today would fail, one line for each feature; empty when none would.

    A signature that only the new version has breaks nobody.
    """
    return [line for name, shape in live.items() for line in _of_signature(name, shape, new)]


def _of_signature(name: str, live: SignatureShape, signatures: Signatures) -> Iterator[str]:
    new = signatures.get(name)
    if new is None:
        there = ", ".join(sorted(signatures)) or "none"
        yield f"signature '{name}' is gone; the new version has {there}"
        return
    where = f"signature '{name}', feature"
    for feature in sorted(new.inputs.keys() - live.inputs.keys()):
        found = describe(new.inputs[feature])
        yield f"{where} '{feature}': it is new ({found}), and callers do not send it"
    for feature, before in live.inputs.items():
        now = new.inputs.get(feature)
        if now is None:
            yield f"{where} '{feature}': it is gone, and callers still send it"
        elif not accepts(now, before):
            yield f"{where} '{feature}': was {describe(before)}, is {describe(now)}"


def accepts(new: TensorShape, live: TensorShape) -> bool:
    """Whether every value that fits the one input fits the other."""
    if new.dtype != live.dtype:
        return False
    if new.shape is None:
        return True
    if live.shape is None or len(new.shape) != len(live.shape):
        return False
    return all(now in (None, before) for now, before in zip(new.shape, live.shape, strict=True))


def describe(shape: TensorShape) -> str:
    """An input in words: `float32 [?, 1]`."""
    if shape.shape is None:
        return f"{shape.dtype} of any rank"
    return f"{shape.dtype} [{', '.join('?' if n is None else str(n) for n in shape.shape)}]"
