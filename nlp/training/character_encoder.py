"""A small encoder over characters: its tokenizer, and its shape before it has learnt anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nlp.classification.transformer_text import TextForm

if TYPE_CHECKING:
    from transformers import BertConfig, PreTrainedTokenizerFast

PADDING, UNKNOWN, START, END, MASK = "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"
SPECIAL = (PADDING, UNKNOWN, START, END, MASK)
MOST_CHARACTERS = 8_000


@dataclass(frozen=True, slots=True)
class EncoderShape:
    """``longest`` counts tokens, the two at the ends included."""

    layers: int = 4
    width: int = 312
    heads: int = 12
    longest: int = 160
    dropout: float = 0.1


def character_tokenizer(
    texts: Sequence[str], *, least_count: int, longest: int
) -> PreTrainedTokenizerFast:
    """Make a token of every character that ``texts``, already folded, hold often enough."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    counts = Counter(sign for text in texts for sign in text if not sign.isspace())
    known = [sign for sign, count in counts.items() if count >= least_count]
    # Ties are broken by the character itself, so that the order of the texts does not matter.
    known.sort(key=lambda sign: (-counts[sign], sign))
    vocabulary = {token: place for place, token in enumerate((*SPECIAL, *known[:MOST_CHARACTERS]))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Split(Regex("."), "isolated")]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{START} $A {END}",
        special_tokens=[(token, vocabulary[token]) for token in (START, END)],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=longest,
        pad_token=PADDING,
        unk_token=UNKNOWN,
        cls_token=START,
        sep_token=END,
        mask_token=MASK,
    )


def encoder_configuration(shape: EncoderShape, vocabulary: int) -> BertConfig:
    """Describe the encoder to the library; the form of text it reads travels with it."""
    from transformers import BertConfig

    configuration = BertConfig(
        vocab_size=vocabulary,
        hidden_size=shape.width,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=4 * shape.width,
        max_position_embeddings=shape.longest,
        hidden_dropout_prob=shape.dropout,
        attention_probs_dropout_prob=shape.dropout,
        pad_token_id=SPECIAL.index(PADDING),
    )
    configuration.text_form = TextForm.FOLDED.value
    return configuration
