"""The one exception that a user is meant to read."""


class UserError(Exception):
    """Something the user gave (a flag, a file, a folder) cannot be used.

    Its text is one line that names what was wrong and what to do. The scripts print it and exit with status 1;
    library callers may catch it.
    """


class TakenError(UserError):
    """Another process, here or on another machine, holds what was asked for.

    Args:
        line: the one line.
        holder: that process, as far as is known.
    """

    def __init__(self, line: str, holder: str) -> None:
        super().__init__(line)
        self.holder = holder
