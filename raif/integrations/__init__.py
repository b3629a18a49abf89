"""Our verdicts as rewards of other libraries' trainers. None of those libraries is imported here."""
