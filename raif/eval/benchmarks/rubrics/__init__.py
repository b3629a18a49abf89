"""Any benchmark of prompts with yes/no criteria: its rows, whatever their layout, and how they are scored."""
