"""Private parts of other libraries that raif.text relies on: what a new version moves fails here by name."""

from __future__ import annotations

from importlib.metadata import version

from raif.text.langdetect import original


def test_langdetect_is_the_version_whose_verdicts_count() -> None:
    assert version("langdetect") == "1.0.9"


def test_langdetect_s_profiles_and_clean_up() -> None:
    assert len(original.profiles()) == 55, "langdetect.detector_factory.PROFILES_DIRECTORY"
    assert original.cleaned("see http://a.b/c or x@y.org") == "see   or  ", "Detector.URL_RE, MAIL_RE"
    assert original.cleaned("e\u0301") == "\u00e9", "NGram.normalize_vi"
    assert [original.normalize(one) for one in "a1あぁ"] == ["a", " ", "あ", "あ"], "NGram.normalize"


def test_langdetect_s_own_detector() -> None:
    assert original.detect("The quick brown fox jumps over the lazy dog.") == "en"
    assert original.detect("12") is None


def test_nltk_s_tagger_has_its_model_where_an_archive_puts_it() -> None:
    from nltk.tag.perceptron import PerceptronTagger

    model = PerceptronTagger(load=False)
    missing = [name for name in ("model", "tagdict", "classes") if not hasattr(model, name)]
    missing += [f"model.{name}" for name in ("weights", "classes") if not hasattr(model.model, name)]
    assert missing == []
    model.model.weights, model.tagdict = {"bias": {"NN": 1.0}}, {"run": "VB"}
    model.classes = model.model.classes = {"NN", "VB"}
    assert model.tag(["run", "boats"]) == [("run", "VB"), ("boats", "NN")]


def test_nltk_s_tokenizer_and_punkt_s_parameters() -> None:
    from raif.text import tokens
    from raif.text.sentences import parameters

    assert tokens("Don't, Mr. O'Neil!") == ["Do", "n't", ",", "Mr.", "O'Neil", "!"]
    assert "dr" in parameters().abbrev_types
    assert parameters().ortho_context["the"] > 0
    assert {type(pair) for pair in parameters().collocations} == {tuple}
    assert isinstance(parameters().sent_starters, set)
