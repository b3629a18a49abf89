"""What running a stage gives it: a journal, a funnel, results in the order of the input."""

import json

import pytest

from raif.config.builtin import BuiltinConfig
from raif.config.staged import StagedConfig, load_either
from raif.data.staged import Stage, run
from raif.data.staged.run import run_stage
from raif.errors import ConfigError

RECORDS = [
    {"id": str(n), "messages": [{"role": "user", "content": f"Request number {n}."}]} for n in range(6)
]


class Crash(BaseException):
    """Looks to the stage like the end of the process."""


class Odd(Stage):
    """Keeps the odd ones; crashes once it is asked for more than `limit`."""

    name = "odd"
    limit = 99
    backwards = False

    def process(self, todo, done):
        self.asked = []
        for each in reversed(list(todo)) if self.backwards else todo:
            if len(self.asked) == self.limit:
                raise Crash
            self.asked.append(each.number)
            yield each.kept(each.item) if each.number % 2 else each.dropped("even", id=each.item.id)


@pytest.fixture
def stage(write, tmp_path):
    source = write("in.jsonl", RECORDS)
    config = StagedConfig(stages=("pack",), input=source)

    def made(folder, **attributes):
        (tmp_path / folder).mkdir(exist_ok=True)
        odd = Odd(config, tmp_path / folder, source)
        vars(odd).update(attributes)
        return odd

    return made


def finish(odd):
    return run_stage(odd, lambda name, done: None)


def crash(odd):
    with pytest.raises(Crash):
        finish(odd)


def files(odd):
    return {path.name: path.read_bytes() for path in odd.folder.iterdir()}


def test_the_funnel_adds_up(stage):
    funnel = finish(stage("run"))
    assert (funnel.read, funnel.kept, dict(funnel.dropped)) == (6, 3, {"even": 3})


def test_the_drops_are_shown(stage):
    odd = stage("run")
    finish(odd)
    lines = (odd.folder / "odd.dropped.jsonl").read_text("utf-8").splitlines()
    assert json.loads(lines[1]) == {"number": 2, "reason": "even", "id": "2"}


def test_decisions_in_the_journal_are_not_made_again(stage):
    crash(stage("run", limit=4))
    again = stage("run")
    finish(again)
    assert again.asked == [4, 5]


def test_a_crash_changes_no_byte(stage):
    finish(stage("whole"))
    crash(stage("run", limit=4))
    crash(stage("run", limit=1))
    finish(stage("run"))
    assert files(stage("run")) == files(stage("whole"))


def test_the_order_of_the_decisions_changes_no_byte(stage):
    finish(stage("whole"))
    finish(stage("run", backwards=True))
    assert files(stage("run")) == files(stage("whole"))


def test_a_torn_line_of_the_journal_is_decided_again(stage):
    crash(stage("run", limit=4))
    journal = stage("run").folder / "odd.journal"
    journal.write_bytes(journal.read_bytes()[:-5])
    again = stage("run")
    assert finish(again).kept == 3
    assert again.asked == [3, 4, 5]


def test_a_finished_stage_is_not_run_again(stage):
    first = finish(stage("run"))
    assert finish(stage("run", limit=0)) == first


def test_progress_includes_the_journal(stage):
    crash(stage("run", limit=4))
    heard = []
    run_stage(stage("run"), lambda name, done: heard.append((name, done)))
    assert heard == [("odd", 5), ("odd", 6)]


@pytest.mark.parametrize(
    "keys",
    [
        {"stages": ()},
        {"stages": ("pack", "decontaminate"), "input": "in.jsonl"},
        {"stages": ("decontaminate", "select"), "input": "in.jsonl"},
        {"stages": ("pack", "pack"), "input": "in.jsonl"},
        {"stages": ("pack",)},
        {"stages": ("select",), "input": "in.jsonl"},
    ],
)
def test_stages_in_a_wrong_order_are_refused(keys):
    with pytest.raises(ValueError, match=r"stages|input"):
        StagedConfig(**keys)


def test_a_bad_section_is_named_before_anything_is_written(tmp_path):
    with pytest.raises(ConfigError, match=r"select\.sources"):
        run(StagedConfig(), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_preset_is_the_default_with_a_cap():
    source = {"path": "seeds.jsonl"}
    preset = load_either(preset="staged", overrides=["select.sources=[{path: seeds.jsonl}]"])
    assert preset == StagedConfig(select={"sources": (source,), "cap": 2000})


def test_the_mode_decides_on_the_config():
    assert isinstance(load_either(preset="builtin"), BuiltinConfig)
