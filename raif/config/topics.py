"""The 26 topics of requests, assigned by rules or by a model.

The paper gives their number and names the first four, which it keeps (recipe section 9). The others are ours,
close to the public labels of Infinity-Instruct.
"""

from __future__ import annotations

from typing import Literal, get_args

Topic = Literal[
    "problem_solving",
    "nlp_and_understanding",
    "information_processing",
    "creativity_and_design",
    "analysis_and_research",
    "business_and_finance",
    "communication_and_social_media",
    "data_science",
    "education",
    "entertainment_and_sports",
    "everyday_life",
    "general_knowledge",
    "health_and_medicine",
    "history_and_society",
    "language_and_culture",
    "law_and_politics",
    "literature_and_arts",
    "logic_and_reasoning",
    "mathematics",
    "planning_and_projects",
    "programming",
    "psychology",
    "roleplay",
    "science_and_engineering",
    "task_completion",
    "task_generation",
]
TOPICS: tuple[Topic, ...] = get_args(Topic)
assert len(TOPICS) == 26
