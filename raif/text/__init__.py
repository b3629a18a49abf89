"""Words, sentences and the language of a text, as IFEval's official checker sees them. Nothing is downloaded.

They are NLTK's and langdetect's, loaded on first use, and made for languages that put spaces between words:
a run of Chinese is one word, and `。` doesn't end a sentence. `chinese` counts as a Chinese reader does.
"""

from raif.text.langdetect.language import detect
from raif.text.sentences import sentences
from raif.text.words import capital_tokens, count_words, tokens, words

__all__ = ["capital_tokens", "count_words", "detect", "sentences", "tokens", "words"]
