"""Common English verbs, for `words:start_verb`."""

from __future__ import annotations

from raif.constraints.plain.common import listed

BASES = frozenset(
    listed("""
    accept add adjust admire admit adopt advise agree aim allow analyze analyse announce answer
    apologize apply appreciate approach arrange arrive ask assess assume attach attempt attend avoid
    bake balance be beat become begin believe bend blend boil book borrow break breathe bring browse
    brush build burn buy calculate call calm cancel care carry catch celebrate change chat check cheer
    choose chop clean clear click climb close collect combine come compare complete compose conduct
    confirm connect consider contact contain continue contribute control cook copy correct count cover
    create cross cry cultivate cut dance deal decide decorate define deliver describe design determine
    develop dig discover discuss divide do donate draft drag draw dream dress drink drive drop dry eat
    edit embrace emphasize enable encourage end enjoy ensure enter establish evaluate examine exercise
    expand expect experience explain explore express extend face fall feed feel fetch fight file fill
    find finish fit fix flip focus fold follow forget forgive form fry gather generate get give go grab
    greet grind grow guess guide handle happen hang hear heat help hide hike hit hold hope host hug
    hurry identify ignore imagine implement improve include increase inform insert install introduce
    invest investigate invite iron join jot journey judge jump keep kick kiss kneel knit knock know
    label land laugh launch lay lead lean learn leave lend let level lie lift light like limit list
    listen live load lock look lose love lower make manage map mark master match mean measure meditate
    meet melt mention mix monitor move name navigate need note notice observe obtain offer open order
    organize outline overcome own pack paint park pass pay perform persuade pick place plan plant play
    plug point pour practice practise praise pray prefer prepare present press prevent print prioritize
    proceed produce promise promote protect prove provide pull purchase push put question quit raise
    reach read realize receive recall recognize recommend record reduce reflect refuse relax release
    remain remember remind remove repair repeat replace reply report request research reserve resist
    respect respond rest return reveal review ride rinse rise roast roll rub run sail save say schedule
    search see seek select sell send separate serve set sew share shake shift shop show shut sign simmer
    sing sit skip sleep slice slow smell smile soak solve sort speak spend spread sprinkle stand start
    state stay steal step stick stir stop store stretch strive study submit suggest summarize supply
    support suppose surround swim switch take talk taste teach tell tend test thank think throw tie
    touch track train transfer transform travel treat trim trust try turn twist type understand unlock
    unplug update upload use utilize vary verify view visit volunteer wait wake walk want warm wash
    waste watch water wear welcome whisk win wipe wish wonder work worry wrap write yell
    """)
)
_IRREGULAR = frozenset(
    listed("""
    am is are was were been being has had having does did done doing can could may might must shall
    should will would don't doesn't didn't isn't aren't wasn't weren't can't couldn't won't wouldn't
    shouldn't haven't hasn't let's went gone going came began begun broke brought built bought caught
    chose drew drank drove ate fell felt found flew forgot gave grew knew left made met paid ran said
    saw sold sent sang sat slept spoke spent stood swam taken took taught told thought understood wore
    won wrote written
    """)
)
NOT_AFTER_VERBS = frozenset(
    listed("""
    am is are was were has had does did can could may might must shall should will would isn't aren't
    wasn't won't can't
    """)
)
"""What follows a subject and no verb: "Love is blind". Their own questions begin with them: "Is it?"."""


def is_verb(word: str) -> bool:
    """Whether the word, in lower case, is a verb of the list or a form of one. "walks" is left to nouns."""
    if word in BASES or word in _IRREGULAR:
        return True
    for ending, puts in (("ied", ("y",)), ("ed", ("", "e")), ("ing", ("", "e"))):
        stem = word.removesuffix(ending)
        undoubled = [stem[:-1]] if len(stem) > 2 and stem[-1] == stem[-2] else []
        if stem != word and any(base in BASES for base in [*(stem + put for put in puts), *undoubled]):
            return True
    return False
