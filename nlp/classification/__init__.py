"""Classifiers for any single-label set: a folder of arrays in, one label a text out."""

from core.registry import PluginTable
from nlp.classification.classifier import ClassifierFormat

FORMATS: PluginTable[ClassifierFormat] = PluginTable(
    "模型格式",
    [
        ("linear", "nlp.classification.linear_classifier:load"),
        ("transformer", "nlp.classification.transformer_classifier:load"),
    ],
)
