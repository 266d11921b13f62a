"""How well one series of values tells the label, judged on rows that were not learned from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import rankdata
from sklearn.metrics import balanced_accuracy_score, r2_score, roc_auc_score
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tfx_scaffold.problem import Problem
from tfx_scaffold.problem_kind import ProblemKind

_FOLDS = 3
# Eight leaves tell classes apart; a quantity needs many steps to be followed closely.
_DEPTH, _DEPTH_OF_QUANTITY = 3, 9
_LARGEST = 1e30

Values = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Signal:
    """AUC of classes or R² of a quantity, and how often each class, or any, is told right."""

    score: float
    balanced: float
    right: float

    def describe(self, problem: Problem) -> str:
        """In words."""
        if problem.kind is ProblemKind.REGRESSION:
            return f"all but {100 * (1 - self.score):.2g} % of the label's variance"
        return f"the label in {100 * self.right:.1f} % of the rows (AUC {self.score:.3f})"


def judge(values: Values, target: Values, problem: Problem) -> Signal:
    """Of numbers; a missing one is NaN."""
    # A tree takes NaN, and no infinity.
    bounded = np.clip(values, -_LARGEST, _LARGEST).astype("float32")
    signal = _judge(bounded.reshape(-1, 1), target, problem)
    if problem.kind is not ProblemKind.REGRESSION:
        return signal
    # A few hundred rows are too few for the steps of a tree, not for seeing that one rises with
    # the other.
    score = max(signal.score, rank_correlation(values, target) ** 2)
    return Signal(score, score, score)


def judge_text(texts: Values, target: Values, problem: Problem) -> Signal:
    """Of texts, each replaced by what the label is on average for it in the rows learned from."""
    return _judge(texts, target, problem)


def value_ranks(values: Values) -> Values:
    """Ranks of values; a missing one is below all others."""
    ranks = rankdata(np.nan_to_num(values, nan=-np.inf, posinf=np.inf, neginf=-np.inf))
    return np.asarray(ranks)


def rank_correlation(values: Values, target: Values) -> float:
    """How well one rises or falls with the other."""
    ranks = value_ranks(values)
    if ranks.min() == ranks.max():
        return 0.0
    return float(np.corrcoef(ranks, rankdata(target))[0, 1])


def _judge(features: Values, target: Values, problem: Problem) -> Signal:
    regression = problem.kind is ProblemKind.REGRESSION
    folds = KFold(_FOLDS) if regression else StratifiedKFold(_FOLDS)
    guesses = np.zeros((len(target), 1 if regression else len(problem.classes)))
    for learned, judged in folds.split(features, target):
        known, asked = features[learned], features[judged]
        if features.dtype == object:
            known, asked = _encoded(known, asked, target[learned], problem)
        guesses[judged] = _guess(known, target[learned], asked, problem)
    return _signal(target, guesses, regression)


def _guess(known: Values, labels: Values, asked: Values, problem: Problem) -> Values:
    if problem.kind is ProblemKind.REGRESSION:
        tree = DecisionTreeRegressor(max_depth=_DEPTH_OF_QUANTITY, min_samples_leaf=3)
        return np.asarray(tree.fit(known, labels).predict(asked)).reshape(-1, 1)
    tree = DecisionTreeClassifier(max_depth=_DEPTH, min_samples_leaf=3).fit(known, labels)
    guess = np.zeros((len(asked), len(problem.classes)))
    guess[:, tree.classes_] = tree.predict_proba(asked)
    return guess


def _encoded(
    known: Values, asked: Values, labels: Values, problem: Problem
) -> tuple[Values, Values]:
    codes, places = np.unique(known, return_inverse=True)
    counts = np.bincount(places, minlength=len(codes))
    columns = []
    for goal in _goals(labels, problem):
        # A text that was seen once says little, so it is pulled towards the average.
        sums = np.bincount(places, weights=goal, minlength=len(codes))
        means = (sums + goal.mean()) / (counts + 1)
        where = np.searchsorted(codes, asked).clip(max=len(codes) - 1)
        columns.append((means[places], np.where(codes[where] == asked, means[where], goal.mean())))
    return np.column_stack([c[0] for c in columns]), np.column_stack([c[1] for c in columns])


def _goals(labels: Values, problem: Problem) -> list[Values]:
    if problem.kind is ProblemKind.REGRESSION:
        return [labels.astype(float)]
    return [(labels == place).astype(float) for place in range(1, len(problem.classes))]


def _signal(target: Values, guesses: Values, regression: bool) -> Signal:
    if regression:
        score = max(0.0, float(r2_score(target, guesses[:, 0])))
        return Signal(score, score, score)
    chosen = guesses.argmax(axis=1)
    return Signal(
        _auc(target, guesses),
        float(balanced_accuracy_score(target, chosen)),
        float((target == chosen).mean()),
    )


def _auc(target: Values, guesses: Values) -> float:
    """The mean over classes of how well each is told from the others."""
    places = range(1, 2) if guesses.shape[1] == 2 else range(guesses.shape[1])
    present = [place for place in places if 0 < (target == place).sum() < len(target)]
    aucs = [roc_auc_score(target == place, guesses[:, place]) for place in present]
    return float(np.mean(aucs)) if aucs else 0.5
