"""Characters, words and sentences of Chinese."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from raif.data.builtin.seeds import all_seeds
from raif.text import chinese


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("我喜欢喝茶。", 5),
        ("，。！？……", 0),
        ("用 GPT-4 写", 3),
        ("约3.5%", 2),
        ("don't", 1),
        ("ＡＩ时代", 3),
        ("𠮷野家", 3),
        ("人人々", 3),
        ("カフェ", 3),
        ("\ud800好", 1),
        ("", 0),
    ],
)
def test_characters(text: str, count: int) -> None:
    assert len(chinese.characters(text)) == count


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("我爱北京天安门。", ["我", "爱", "北京", "天安门"]),
        ("用 GPT-4 写。", ["用", "GPT-4", "写"]),
        ("，。", []),
        ("\ud800好\x00", ["好"]),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert chinese.words(text) == words


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("下雨了。带伞吗？带！", ["下雨了。", "带伞吗？", "带！"]),
        ("花开；鸟鸣……人静", ["花开；", "鸟鸣……", "人静"]),
        ("真的吗？！好!走", ["真的吗？！", "好!", "走"]),
        ("他说：“好。”我走。", ["他说：“好。”", "我走。"]),
        ("“好吗？”，他问。", ["“好吗？”，他问。"]),
        ("第一，第二、第三：完", ["第一，第二、第三：完"]),
        ("* 茶\n\n***\n1. 水", ["* 茶", "1. 水"]),
        ("P.S. 圆周率是3.14", ["P.S. 圆周率是3.14"]),
        ("Mr. Smith left. It rained.\n好。", ["Mr. Smith left.", "It rained.", "好。"]),
        ("。。。", []),
        ("", []),
    ],
)
def test_sentences(text: str, sentences: list[str]) -> None:
    assert chinese.sentences(text) == sentences


def test_only_the_width_of_latin_letters_and_digits_is_folded() -> None:
    assert chinese.fold("ＡＩ２０，Ｂ：") == "ai20，b："


@pytest.mark.parametrize(
    ("text", "variety"),
    [("他们说话", "zh-cn"), ("他們說話", "zh-tw"), ("你好", None), ("ok", None), ("\ud800們", "zh-tw")],
)
def test_variety(text: str, variety: str | None) -> None:
    assert chinese.variety(text) == variety


@pytest.mark.parametrize(
    ("text", "is_chinese"),
    [
        ("你好", True),
        ("用 Python 写代码", True),
        ("今日は公園です", False),
        ("say 你好 to them", False),
        ("", False),
    ],
)
def test_is_chinese(text: str, is_chinese: bool) -> None:
    assert chinese.is_chinese(text) is is_chinese


def test_words_are_the_same_in_any_thread() -> None:
    points = [point.text for seed in all_seeds() if seed.language == "zh" for point in seed.points]
    expected = [chinese.words(point) for point in points]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(chinese.words, points)) == expected


@pytest.mark.parametrize(
    "text", ["！" * 10**5 + "，", "“" * 10**5, "我" * 3 * 10**4, "a." * 10**4, "！”" * 10**4]
)
def test_time_grows_with_the_length_only(text: str) -> None:
    start = time.process_time()
    for tool in (chinese.characters, chinese.words, chinese.sentences, chinese.is_chinese, chinese.variety):
        tool(text)
    assert time.process_time() - start < 3


def test_nouns_are_those_of_the_dictionary_and_no_pieces() -> None:
    assert chinese.nouns("带孩子在油画前先退后五步，由小孟看完初稿。") == ["孩子", "油画", "初稿"]
    assert chinese.nouns("钟会走，车库里停着AI汽车") == ["汽车"]
