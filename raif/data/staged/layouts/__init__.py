"""The layouts of rows that hold a request, told by their columns: one function each, behind one registry.

A plug-in adds one of its own under the entry-point group `raif.layouts`: `LAYOUTS.add("mine", Layout(...))`.
"""

from raif.data.staged.layouts.layout import LAYOUTS, Layout, Row, UserRequest, nearest, tell

__all__ = ["LAYOUTS", "Layout", "Row", "UserRequest", "nearest", "tell"]
