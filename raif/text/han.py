"""The ranges of Han characters, for character classes of regular expressions.

Apart from `chinese`, whose expressions take too long to compile for commands that don't need them.
"""

COMMON_HAN = "\u4e00-\u9fff"
"""The main block, for character classes: enough to tell Chinese text from other text."""
BMP_HAN = f"\u3400-\u4dbf{COMMON_HAN}\uf900-\ufaff"
"""Also the rare and the compatibility ideographs of the Basic Multilingual Plane."""
HAN = f"々〇{BMP_HAN}\U00020000-\U000323af"
"""Also the higher planes, and two marks that are read as characters. Counts of characters use this."""
