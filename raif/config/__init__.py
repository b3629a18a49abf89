"""One typed config per command: presets, files and overrides become a frozen model."""

from raif.config.base import Section, dump, load, preset_names, preset_path, presets_folder

__all__ = ["Section", "dump", "load", "preset_names", "preset_path", "presets_folder"]
