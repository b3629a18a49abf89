"""One typed config a command: presets, files and overrides become a frozen model."""

from raif.config.files import preset_names, preset_path, presets_folder
from raif.config.load import dump, load
from raif.config.section import Section

__all__ = ["Section", "dump", "load", "preset_names", "preset_path", "presets_folder"]
