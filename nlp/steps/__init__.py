"""The steps of the analysis, in the order in which they run."""

from core.registry import PluginTable
from nlp.step import AnalysisStep

STEPS: PluginTable[type[AnalysisStep]] = PluginTable(
    "分析步骤",
    [
        ("privacy", "nlp.steps.privacy:PrivacyStep"),
        ("normalisation", "nlp.steps.normalisation:NormalisationStep"),
        ("segmentation", "nlp.steps.segmentation:SegmentationStep"),
        ("features", "nlp.steps.features:FeaturesStep"),
        ("our_union", "nlp.steps.our_union:OurUnionStep"),
        ("relevance", "nlp.steps.relevance:RelevanceStep"),
        ("topics", "nlp.steps.topics:TopicsStep"),
        ("polarity", "nlp.steps.polarity:PolarityStep"),
        ("kind", "nlp.steps.kind:KindStep"),
        ("tone", "nlp.steps.tone:ToneStep"),
        ("emotion", "nlp.steps.emotion:EmotionStep"),
        ("offensive", "nlp.steps.offensive:OffensiveStep"),
        ("keywords", "nlp.steps.keywords:KeywordsStep"),
        ("entities", "nlp.steps.entities:EntitiesStep"),
        ("facts", "nlp.steps.facts:FactsStep"),
        ("summary", "nlp.steps.summary:SummaryStep"),
        ("fingerprint", "nlp.steps.fingerprint:FingerprintStep"),
    ],
)
