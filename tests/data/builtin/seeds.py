"""Seeds of the tests' own, small and known."""

from __future__ import annotations

from raif.data.builtin.seeds import Point, Seed


def point(level: int, text: str, plain: str = "") -> Point:
    return Point.model_validate({"level": level, "text": text, "plain": plain})


SLEEP = Seed(
    id="en-test",
    language="en",
    group="problem",
    task="advice",
    topic="health",
    prompt="How do I sleep better?",
    title="Better Sleep",
    points=(
        point(1, "Go to bed at a fixed time, even on Sunday.", "Go to bed at a fixed time even on Sunday."),
        point(
            2, "Your phone belongs in another room by 22:00.", "Your phone belongs in another room by ten."
        ),
        point(1, "Keep the room dark and cool through the night."),
        point(3, "Coffee after noon stays in the body until bedtime."),
        point(3, "It wakes you in the small hours."),
        point(1, "See a doctor if nothing helps for three weeks."),
        point(2, "A short walk helps, above all after a long day.", "A short walk helps after a long day."),
        point(2, "Worries on paper can wait until morning."),
        point(2, "Heavy meals late at night keep the body busy."),
        point(3, "Read a calm book instead of watching a film."),
        point(3, "Wool socks sound silly, but warm feet help.", "Wool socks sound silly and yet they help."),
    ),
    second=("Treat the day first.", "Sun and sport before noon make you tired.", "The night then follows."),
    postscript="A cheap alarm clock replaces the phone.",
    keywords=("sleep", "room", "night", "phone", "coffee", "body"),
)

SHIFT = SLEEP.model_copy(
    update={
        "id": "en-letter",
        "task": "email",
        "group": "creativity",
        "greeting": "Hi Dana,",
        "farewell": "Best wishes,\nMarta",
    }
)

TEA = Seed(
    id="zh-test",
    language="zh",
    group="problem",
    task="howto",
    topic="food",
    prompt="怎样泡一壶好茶？",
    title="泡茶的办法",
    points=(
        point(1, "先烧一壶水，凉到85度再用。", "先烧一壶水并放到不烫手再用。"),
        point(2, "茶叶放一小勺就够。"),
        point(1, "把茶叶放进茶壶，倒水没过。", "把茶叶放进茶壶再倒水没过。"),
        point(2, "茶壶先用热水烫一遍。"),
        point(2, "绿茶怕烫，红茶不怕。", "绿茶怕烫而红茶不怕。"),
        point(1, "等三分钟就可以倒出来喝。"),
        point(2, "第二泡可以多等一会儿。"),
        point(3, "茶叶开封以后要密封在罐子里。"),
        point(3, "放在冰箱里容易串味。"),
        point(3, "自来水里的氯会盖住茶香。"),
        point(3, "喝不完的茶隔夜就不要喝了。"),
    ),
    second=("不用茶壶也行。", "杯子里直接放茶叶。", "倒水后盖上盖子。"),
    postscript="杯子也要先烫一下。",
    keywords=("茶叶", "茶壶", "水", "绿茶", "红茶", "罐子"),
)
