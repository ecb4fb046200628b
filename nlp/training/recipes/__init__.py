"""The recipes that train a classifier on any single-label set."""

from core.registry import PluginTable
from nlp.training.recipes.recipe import Recipe

RECIPES: PluginTable[Recipe] = PluginTable(
    "训练配方",
    [
        ("linear", "nlp.training.recipes.linear:train"),
        ("transformer", "nlp.training.recipes.transformer:train"),
    ],
)
DEFAULT = "linear"
