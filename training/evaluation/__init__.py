"""Evaluation: held-out stories, a judge trained apart from everything it judges, published metrics, side by side.

`python -m training.evaluation` (or `make evaluate`) writes `docs/evaluation.md`.
"""
