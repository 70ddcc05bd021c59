"""Settings as they were stored before a gesture, so that a value that is taken back leaves no trace."""

from __future__ import annotations

from collections.abc import Mapping

from engine.params import Value


class Beginning:
    """Remembers the stored settings of one thing from the first change of a gesture on.

    A form shows the default where nothing is stored; to store that default when typing is taken back would be a change.
    """

    def __init__(self) -> None:
        self._key = ""
        self._params: dict[str, Value] = {}

    def with_value(
        self, params: Mapping[str, Value], name: str, value: Value, default: Value, merge_key: str
    ) -> dict[str, Value]:
        """`params` with `name` set to `value`, or without `name` where the gesture `merge_key` found it so.

        Args:
            default: what the form shows for a setting that is not stored.
        """
        if not merge_key or merge_key != self._key:
            self._key, self._params = merge_key, dict(params)
        if merge_key and name not in self._params and value == default:
            return {each: stored for each, stored in params.items() if each != name}
        return {**params, name: value}
