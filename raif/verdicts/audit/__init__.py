"""How often a kind's check is wrong: its verdicts on responses that were labelled by hand."""
